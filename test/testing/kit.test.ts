/**
 * Tests the parts of the kit that judge: a judge that finds everything right would let anything pass.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { checkModel, contractSuite, ContractViolation, fromDrivers, fromLayer, runCase } from "mcp-task-storage/testing"
import { TaskNotFound } from "../../src/domain/task/TaskError.ts"
import { equal, refused } from "../../src/testing/contract/check.ts"
import { contractCase } from "../../src/testing/contract/ContractCase.ts"
import { difference, isSame } from "../../src/testing/difference.ts"
import { historyOf, type MadeCall } from "../../src/testing/linearizability/historyOf.ts"
import { type HistoryEvent, isExplained } from "../../src/testing/linearizability/isExplained.ts"
import type { Call } from "../../src/testing/model/Call.ts"
import { emptyModel, modelStep } from "../../src/testing/model/modelStep.ts"
import * as SuiteClock from "../../src/testing/SuiteClock.ts"

const harness = fromDrivers({
  makeDrivers: Effect.map(MemoryTaskStorage.makeStore, (store) => ({
    first: MemoryTaskStorage.makeDriver(store),
    second: MemoryTaskStorage.makeDriver(store)
  }))
})

describe("difference", () => {
  it.each([
    [1, 1],
    [NaN, NaN],
    ["\ud800", "\ud800"],
    [{ a: [1, { b: null }] }, { a: [1, { b: null }] }],
    [[], []]
  ])("finds none between %o and %o", (left, right) => {
    expect(difference(left, right)).toBeUndefined()
    expect(isSame(left, right)).toBe(true)
  })

  it.each([
    [1, 2],
    [0, -0],
    ["a", "A"],
    ["e\u0301", "\u00e9"],
    [null, undefined],
    [{}, []],
    [{ a: 1 }, {}],
    [{}, { a: undefined }],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }],
    [[1, 2], [1]],
    [{ a: { b: [1] } }, { a: { b: [2] } }]
  ])("finds one between %o and %o", (left, right) => {
    expect(difference(left, right)).toBeTypeOf("string")
    expect(difference(right, left)).toBeTypeOf("string")
    expect(isSame(left, right)).toBe(false)
  })

  it("says where", () => {
    expect(difference({ a: { b: [1] } }, { a: { b: [2] } })).toBe(`["a"]["b"]["0"] is 1, not 2`)
  })
})

describe("isExplained", () => {
  const initial = emptyModel(0, {})
  const actor = { handle: "first" } as const
  const event = (call: HistoryEvent["call"], value: unknown, start: number, end: number): HistoryEvent => ({
    call,
    answer: { value },
    start,
    end
  })
  const enqueue = (body: "" | "note", start: number, end: number) =>
    event({ _tag: "enqueue", actor, queue: "q", body }, { full: false }, start, end)
  const dequeue = (bodies: ReadonlyArray<string>, start: number, end: number) =>
    event({ _tag: "dequeue", actor, queue: "q" }, bodies, start, end)

  it("finds the order of overlapping calls", () => {
    expect(isExplained(initial, [dequeue(["note"], 0, 3), enqueue("note", 1, 2)])).toBe(true)
    expect(isExplained(initial, [enqueue("", 0, 3), enqueue("note", 1, 2), dequeue(["note"], 4, 5)])).toBe(true)
  })

  it("does not turn round what came one after the other", () => {
    expect(isExplained(initial, [dequeue(["note"], 0, 1), enqueue("note", 2, 3)])).toBe(false)
    expect(isExplained(initial, [enqueue("", 0, 1), enqueue("note", 2, 3), dequeue(["note"], 4, 5)])).toBe(false)
  })

  it("does not explain an answer that was given twice", () => {
    expect(isExplained(initial, [enqueue("", 0, 1), dequeue([""], 2, 5), dequeue([""], 3, 4)])).toBe(false)
  })
})

describe("historyOf", () => {
  const actor = { handle: "first" } as const
  const given = { value: undefined }
  const claim: Call = { _tag: "claimTasks", actor, wanted: { limit: 2 }, hold: { lease: 10 } }
  const release: Call = { _tag: "touchTask", actor, taskId: "a", hold: { delay: 0 } }
  const [, initial] = modelStep(
    emptyModel(0, {}),
    { _tag: "createTask", actor, taskId: "a", hold: { delay: 0 } },
    given
  )
  const [once, claimed] = modelStep(initial, claim, given)
  const [released, free] = modelStep(claimed, release, given)
  const [twice] = modelStep(free, claim, given)
  const isPossible = (calls: ReadonlyArray<MadeCall>) => isExplained(initial, historyOf(initial, calls))

  it("explains a claim of two rounds that had a task twice, since it was released in between", () => {
    expect(isPossible([
      { call: claim, answer: twice, start: 0, end: 3 },
      { call: release, answer: released, start: 1, end: 2 }
    ])).toBe(true)
  })

  it("explains no second attempt without a release, and none that is over before the release", () => {
    expect(isPossible([{ call: claim, answer: once, start: 0, end: 1 }])).toBe(true)
    expect(isPossible([{ call: claim, answer: twice, start: 0, end: 1 }])).toBe(false)
    expect(isPossible([
      { call: claim, answer: twice, start: 0, end: 1 },
      { call: release, answer: released, start: 2, end: 3 }
    ])).toBe(false)
  })

  it("explains no claim that has a task again and tells of the first time", () => {
    const held = { _tag: "getTask", actor, taskId: "a" } as const
    const [, claimedAgain] = modelStep(free, claim, given)
    const [answer] = modelStep(claimedAgain, held, given)
    expect(isPossible([
      { call: claim, answer: once, start: 0, end: 3 },
      { call: release, answer: released, start: 1, end: 2 },
      { call: held, answer, start: 4, end: 5 }
    ])).toBe(false)
  })

  it("explains no claim that keeps a task and does not tell", () => {
    const held = { _tag: "getTask", actor, taskId: "a" } as const
    const [answer] = modelStep(claimed, held, given)
    expect(isPossible([
      { call: claim, answer: { value: [] }, start: 0, end: 1 },
      { call: held, answer, start: 2, end: 3 }
    ])).toBe(false)
  })
})

describe("SuiteClock", () => {
  it.live("stands still, and wakes sleeps when it is moved past their end", () =>
    Effect.gen(function*() {
      const clock = yield* SuiteClock.make
      yield* Effect.gen(function*() {
        const start = yield* Clock.currentTimeMillis
        const sleeping = yield* Effect.forkChild(Effect.sleep("1 day"))
        yield* Effect.sleep("5 millis")
        expect(yield* Clock.currentTimeMillis).toBe(start)
        yield* clock.advance(24 * 60 * 60 * 1_000 - 1)
        yield* Effect.sleep("5 millis")
        expect(sleeping.pollUnsafe()).toBeUndefined()
        yield* clock.advance(1)
        yield* Fiber.join(sleeping)
        expect(yield* Clock.currentTimeMillis).toBe(start + 24 * 60 * 60 * 1_000)
      }).pipe(Effect.provideService(Clock.Clock, clock))
    }))
})

describe("runCase", () => {
  it.live("tells the name and the difference", () =>
    Effect.gen(function*() {
      const wrong = contractCase("a case", function*() {
        yield* equal("one", 1, 2)
      })
      const violation = yield* Effect.flip(runCase(harness, wrong))
      expect(violation).toEqual(new ContractViolation({ case: "a case", difference: "one: the value is 1, not 2" }))
      expect(violation.message).toBe("a case: one: the value is 1, not 2")
    }))

  it.live("turns every other failure into a violation, a defect too", () =>
    Effect.gen(function*() {
      for (const failure of [Effect.die(new Error("boom")), Effect.fail(new TaskNotFound({ taskId: "boom" }))]) {
        const wrong = contractCase("a case", function*() {
          yield* failure
        })
        expect((yield* Effect.flip(runCase(harness, wrong))).difference).toContain("boom")
      }
    }))

  it.live.each(
    [
      ["success", Effect.void],
      ["another error", Effect.fail(new TaskNotFound({ taskId: "other" }))],
      [
        "what is no error of the library",
        Effect.fail({ _tag: "TaskNotFound", taskId: "one", message: "a long sentence" })
      ]
    ] as const
  )("does not take %s for the refusal that it expects", ([, operation]) =>
    Effect.gen(function*() {
      const check = refused("it", operation, { _tag: "TaskNotFound", taskId: "one" })
      expect(yield* Effect.flip(check)).toMatchObject({ _tag: "Mismatch" })
    }))
})

describe("checkModel", () => {
  it.live("tells a short sequence, and makes it again by its token", () =>
    Effect.gen(function*() {
      const broken = fromDrivers({
        makeDrivers: Effect.map(MemoryTaskStorage.makeStore, (store) => {
          const driver = MemoryTaskStorage.makeDriver(store)
          const lying = { ...driver, count: () => Effect.succeed(7) }
          return { first: lying, second: lying }
        })
      })
      const violation = yield* Effect.flip(checkModel(broken, { seed: 1 }))
      const steps = violation.difference.split("\n").filter((line) => line.startsWith("{"))
      expect(steps).toEqual([expect.stringContaining("taskCount")])
      const [, replay] = /Replay: (.+)$/.exec(violation.difference) ?? []
      expect(replay).toBeDefined()
      const again = yield* Effect.flip(checkModel(broken, { replay }))
      expect(again.difference).toContain(`["value"] is 7, not `)
      yield* checkModel(harness, { runs: 10, seed: 1 })
    }))
})

it.live("fromLayer opens two handles on one store", () =>
  Effect.gen(function*() {
    const layers = fromLayer(
      Effect.map(MemoryTaskStorage.makeStore, (store) => (options) => MemoryTaskStorage.layer({ ...options, store }))
    )
    for (const { cases } of contractSuite.slice(0, 2)) {
      for (const contract of cases) yield* runCase(layers, contract)
    }
  }))
