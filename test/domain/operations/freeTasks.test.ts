/** Turns between sessions, in memory: with a driver that takes tasks together, and with one that cannot. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import {
  type FreeKindsQuery,
  type FreeQuery,
  type TaskDriver,
  TaskDriverError
} from "../../../src/domain/driver/TaskDriver.ts"
import { fromDriver } from "../../../src/domain/fromDriver.ts"
import { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import type { ClaimableOptions, TaskKind } from "../../../src/domain/options/TaskOptions.ts"
import { makeDriver, makeStore } from "../../../src/layers/MemoryTaskStorage.ts"

/** A storage, and what it asks its driver for. */
const open = (change: (driver: TaskDriver) => TaskDriver) =>
  Effect.gen(function*() {
    const queries: Array<FreeQuery> = []
    const driver = change(makeDriver(yield* makeStore))
    const storage = yield* fromDriver({
      ...driver,
      free: (query) => {
        queries.push(query)
        return driver.free(query)
      },
      ...(driver.take === undefined ? {} : { take: recording(queries, driver.take) })
    }, { maintenance: false })

    /** Creates so many free tasks of each session. The empty session is that of tasks without one. */
    const fill = (sessions: { readonly [session: string]: number }, name = "tool") =>
      Effect.forEach(Object.entries(sessions), ([session, count]) =>
        Effect.forEach(Array.from({ length: count }), (_, index) =>
          storage.forSession(session === "" ? null : session).createTask({
            taskId: `${name}-${session}${index}`,
            originalMethod: "tools/call",
            name,
            lease: 0
          })))

    const list = storage.claimableTasks
    const take = (options: ClaimableOptions) =>
      Effect.map(
        storage.claimTasks({ ...options, lease: "1 minute" }),
        (claimed) =>
          claimed.map(({ record }) =>
            record.taskId
          )
      )
    return { storage, queries, fill, list, take }
  })

const recording = (
  queries: Array<FreeQuery>,
  take: NonNullable<TaskDriver["take"]>
): NonNullable<TaskDriver["take"]> =>
(query, patch) => {
  queries.push(query)
  return take(query, patch)
}

const together = (driver: TaskDriver): TaskDriver => driver
const oneByOne = (driver: TaskDriver): TaskDriver => {
  const { take: _, ...others } = driver
  return others
}

/** How many tasks are of each session. */
const shares = (taskIds: ReadonlyArray<string>): { readonly [session: string]: number } => {
  const counts: Record<string, number> = {}
  for (const taskId of taskIds) {
    const session = taskId.replace(/^.*-/, "").replace(/\d+$/, "")
    counts[session] = (counts[session] ?? 0) + 1
  }
  return counts
}

const ways = [
  ["listed", together, "list"],
  ["claimed together", together, "take"],
  ["claimed one by one", oneByOne, "take"]
] as const

describe.each(ways)("free tasks that are %s", (_, change, way) => {
  it.effect("come from all sessions, however many tasks one of them has", () =>
    Effect.gen(function*() {
      const tasks = yield* open(change)
      yield* tasks.fill({ a: 300, b: 2, c: 1 })
      const found = yield* tasks[way]({ limit: 8 })
      expect(found.slice(0, 3)).toEqual(["tool-a0", "tool-b0", "tool-c0"])
      expect(shares(found)).toEqual({ a: 5, b: 2, c: 1 })
      expect(new Set(found).size).toBe(8)
    }))

  it.effect("take few queries, however many there are", () =>
    Effect.gen(function*() {
      const tasks = yield* open(change)
      yield* tasks.fill({ a: 300 })
      expect(yield* tasks[way]({ limit: 300 })).toHaveLength(300)
      expect(tasks.queries.length).toBeLessThanOrEqual(6)
    }))

  it.effect("are no more of a session than it may have, with those that run already", () =>
    Effect.gen(function*() {
      const tasks = yield* open(change)
      yield* tasks.fill({ a: 9, b: 9, c: 9, d: 9 })
      yield* tasks.fill({ a: 9, b: 9 }, "other")
      const found = yield* tasks[way]({ perSession: 3, running: { a: 1, b: 3, c: 6, e: 1 } })
      expect(shares(found)).toEqual({ a: 2, d: 3 })
      for (const { except } of tasks.queries) expect(except).toEqual(expect.arrayContaining(["b", "c"]))
      // What was not given was not claimed either.
      expect(yield* tasks.list({ limit: 100 })).toHaveLength(way === "list" ? 54 : 49)
    }))

  it.effect("that are bound to no session are not limited by it", () =>
    Effect.gen(function*() {
      const tasks = yield* open(change)
      yield* tasks.fill({ "": 7, a: 7 })
      expect(shares(yield* tasks[way]({ perSession: 2 }))).toEqual({ "": 7, a: 2 })
    }))

  it.effect("are none of the sessions that are left out", () =>
    Effect.gen(function*() {
      const tasks = yield* open(change)
      yield* tasks.fill({ "": 1, a: 2, b: 2 })
      expect(yield* tasks[way]({ exceptSessions: ["a", "nobody"] })).toEqual(["tool-0", "tool-b0", "tool-b1"])
    }))

  it.effect("begin behind a session, and go round", () =>
    Effect.gen(function*() {
      const tasks = yield* open(change)
      yield* tasks.fill({ a: 1, b: 1, c: 1, d: 1 })
      expect(yield* tasks[way]({ behindSession: "b", limit: 3 })).toEqual(["tool-c0", "tool-d0", "tool-a0"])
    }))

  it.effect("begin with the first session behind the last", () =>
    Effect.gen(function*() {
      const tasks = yield* open(change)
      yield* tasks.fill({ "": 1, a: 1, b: 1 })
      expect(yield* tasks[way]({ behindSession: "z", limit: 2 })).toEqual(["tool-0", "tool-a0"])
    }))

  it.effect("are of the kinds that are wanted, and others are not even looked at", () =>
    Effect.gen(function*() {
      const tasks = yield* open(change)
      yield* tasks.fill({ a: 2 }, "one")
      yield* tasks.fill({ a: 2 }, "two")
      yield* tasks.fill({ a: 200 }, "three")
      yield* tasks.storage.createTask({ taskId: "prompt", originalMethod: "prompts/get", name: "one", lease: 0 })
      yield* tasks.storage.createTask({ taskId: "nameless", originalMethod: "tools/call", lease: 0 })
      const kinds = [
        { method: "tools/call", name: "one" },
        { method: "tools/call", name: null },
        { method: "prompts/get" },
        { method: "tools/list" }
      ]
      const found = yield* tasks[way]({ kinds })
      expect(found.toSorted()).toEqual(["nameless", "one-a0", "one-a1", "prompt"])
      const asked = tasks.queries.map(({ kind }) => `${kind.originalMethod.decode()} ${kind.name?.decode()}`)
      expect([...new Set(asked)].toSorted()).toEqual(["prompts/get one", "tools/call one", "tools/call undefined"])
    }))

  it.effect("are none where no kind is wanted", () =>
    Effect.gen(function*() {
      const tasks = yield* open(change)
      yield* tasks.fill({ a: 1 })
      expect(yield* tasks[way]({ kinds: [] })).toEqual([])
      expect(tasks.queries).toEqual([])
    }))

  it.effect("come from all kinds", () =>
    Effect.gen(function*() {
      const tasks = yield* open(change)
      yield* tasks.fill({ a: 100 }, "one")
      yield* tasks.fill({ a: 1 }, "two")
      expect(yield* tasks[way]({ limit: 2 })).toEqual(["one-a0", "two-a0"])
    }))

  it.effect("are only released ones, if others are not wanted", () =>
    Effect.gen(function*() {
      const tasks = yield* open(change)
      yield* tasks.fill({ a: 1 })
      yield* tasks.storage.createTask({ taskId: "left", originalMethod: "tools/call", lease: 10 })
      yield* tasks.storage.createTask({ taskId: "waits", originalMethod: "tools/call", delay: 10 })
      yield* TestClock.adjust(9)
      expect(yield* tasks.list({})).toEqual(["tool-a0"])
      yield* TestClock.adjust(1)
      expect(yield* tasks[way]({ leases: "released" })).toEqual(["tool-a0"])
      expect((yield* tasks[way]({})).filter((taskId) => !taskId.startsWith("tool")).toSorted())
        .toEqual(["left", "waits"])
    }))

  it.effect("are those of dead workers too, and those that it is looked for first", () =>
    Effect.gen(function*() {
      const tasks = yield* open(change)
      const { workerId } = yield* tasks.storage.registerWorker({ lease: 10 })
      yield* tasks.storage.createTask({ taskId: "tool-a0", originalMethod: "tools/call", worker: workerId })
      yield* TestClock.adjust(10)
      expect(yield* tasks[way]({})).toEqual([])
      yield* tasks.storage.declareDeadWorkers()
      expect(yield* tasks[way]({})).toEqual(["tool-a0"])
    }))
})

/** A storage with a free task of each of so many kinds, and what it asks its driver for. */
const crowded = (count: number, change: (driver: TaskDriver) => TaskDriver = together) =>
  Effect.gen(function*() {
    const asked: Array<FreeKindsQuery> = []
    const tasks = yield* open((driver) => ({
      ...change(driver),
      freeKinds: (query) => {
        asked.push(query)
        return driver.freeKinds(query)
      }
    }))
    const names = Array.from({ length: count }, (_, index) => `kind-${index + 10_000}`)
    yield* Effect.forEach(names, (name) => tasks.fill({ a: 1 }, name), { discard: true })
    return { ...tasks, asked, names }
  })

const named = (name: string) => ({ method: "tools/call", name })

describe("more kinds than are read at once", () => {
  it.effect("stand in nobody's way who wants two of them, and cost no query", () =>
    Effect.gen(function*() {
      const tasks = yield* crowded(5_000)
      const kinds = [named("kind-14999"), named("kind-12500")]
      expect(yield* tasks.list({ kinds })).toEqual(["kind-12500-a0", "kind-14999-a0"])
      expect(tasks.asked).toHaveLength(1)
      tasks.asked.length = tasks.queries.length = 0
      expect(yield* tasks.take({ kinds })).toEqual(["kind-12500-a0", "kind-14999-a0"])
      expect(tasks.asked).toHaveLength(1)
      // A round that finds a task of each, and one that finds no more.
      expect(tasks.queries).toHaveLength(4)
    }))

  it.effect("are named to the driver in order, each once", () =>
    Effect.gen(function*() {
      const tasks = yield* crowded(0)
      yield* tasks.list({
        kinds: [
          { method: "tools/call", name: "b" },
          { method: "prompts/get", name: "a" },
          { method: "tools/call", name: null },
          { method: "tools/call", name: "b" },
          { method: "prompts/get", name: null },
          { method: "prompts/get" },
          { method: "prompts/get", name: "c" }
        ]
      })
      const kinds = tasks.asked[0]?.kinds?.map((
        { name, originalMethod }
      ) => [originalMethod.decode(), name && name.decode()])
      expect(kinds).toEqual([["prompts/get", undefined], ["tools/call", null], ["tools/call", "b"]])
    }))

  it.effect.each(ways)("have all their turn, whoever comes first: %s", ([, change, way]) =>
    Effect.gen(function*() {
      const tasks = yield* crowded(2_500, change)
      const seen: Array<string> = []
      let behindKind: TaskKind | undefined
      for (let call = 0; call < 10; call++) {
        const found = yield* tasks[way]({ behindKind, limit: 250 })
        seen.push(...found)
        behindKind = named(found.at(-1)?.replace(/-a0$/, "") ?? "")
      }
      expect(seen).toEqual(tasks.names.map((name) => `${name}-a0`))
      // A claim reads no more kinds than it needs.
      expect(tasks.asked.length).toBeLessThanOrEqual(30)
    }))

  it.effect.each(
    [[undefined, 10_000], ["kind-10049", 10_050], ["kind-11200", 11_201], ["kind-12499", 10_000], [
      "x",
      10_000
    ]] as const
  )(
    "come round: behind %s begins %i, and each comes once",
    ([name, first]) =>
      Effect.gen(function*() {
        const tasks = yield* crowded(2_500)
        const found = yield* tasks.list({ behindKind: name === undefined ? undefined : named(name), limit: 5_000 })
        const start = first - 10_000
        expect(found).toEqual([...tasks.names.slice(start), ...tasks.names.slice(0, start)].map((kind) => `${kind}-a0`))
      })
  )

  it.effect("are read on past those whose sessions may have no more", () =>
    Effect.gen(function*() {
      const tasks = yield* crowded(1_200)
      yield* tasks.fill({ b: 1 }, "the-last")
      const options = { perSession: 1, running: { a: 1 }, limit: 10 }
      expect(yield* tasks.take(options)).toEqual(["the-last-b0"])
    }))

  it.effect("do not hold up a driver that begins anew every time", () =>
    Effect.gen(function*() {
      const tasks = yield* open((driver) => ({
        ...driver,
        freeKinds: (query) => driver.freeKinds({ ...query, behind: undefined })
      }))
      for (let index = 0; index < 150; index++) yield* tasks.fill({ a: 1 }, `kind-${index + 100}`)
      const options = { exceptSessions: ["a"], behindKind: named("kind-120") }
      expect(yield* tasks.list(options)).toEqual([])
    }))
})

describe("a claim of tasks", () => {
  it.effect("tells which tasks were abandoned, and holds them for the worker", () =>
    Effect.gen(function*() {
      for (const change of [together, oneByOne]) {
        const { storage } = yield* open(change)
        const call = { originalMethod: "tools/call" }
        const dead = yield* storage.registerWorker({ lease: 1 })
        yield* storage.createTask({ ...call, taskId: "new", lease: 0 })
        yield* storage.createTask({ ...call, taskId: "slept", delay: 1 })
        yield* storage.createTask({ ...call, taskId: "left", lease: 1 })
        yield* storage.createTask({ ...call, taskId: "dead", worker: dead.workerId })
        yield* TestClock.adjust(1)
        yield* storage.declareDeadWorkers()
        const { workerId } = yield* storage.registerWorker({ lease: "1 minute" })
        const claimed = yield* storage.claimTasks({ worker: workerId })
        const shown = claimed.map(({ abandoned, record }) => [record.taskId, abandoned, record.attempt, record.worker])
        expect(shown.toSorted()).toEqual([
          ["dead", true, 2, workerId],
          ["left", true, 2, workerId],
          ["new", false, 1, workerId],
          ["slept", false, 1, workerId]
        ])
      }
    }))

  it.effect("leaves out what somebody else claims between the list and the claim", () =>
    Effect.gen(function*() {
      const tasks = yield* open((driver) => ({
        ...oneByOne(driver),
        // The other one has claimed the first task, and given it up again: its attempt tells.
        free: (query) =>
          Effect.tap(driver.free(query), (found) =>
            Effect.forEach(found.slice(0, 1), ({ attempt, taskId }) =>
              driver.patch(taskId, { now: query.now, session: undefined }, { attempt }, { attempt: attempt + 1 })))
      }))
      yield* tasks.fill({ a: 1, b: 1, c: 1 })
      expect(yield* tasks.take({ limit: 3, perSession: 1 })).toEqual(["tool-b0", "tool-c0"])
    }))

  it.effect("tells those who watch the tasks", () =>
    Effect.gen(function*() {
      for (const change of [together, oneByOne]) {
        const { storage } = yield* open((driver) => ({ ...change(driver), foreignWrites: Stream.never }))
        yield* storage.createTask({ taskId: "t", originalMethod: "tools/call", lease: 0 })
        const seen: Array<number | undefined> = []
        const watching = yield* Effect.forkChild(
          Stream.runForEach(storage.changes("t"), ({ attempt }) => Effect.sync(() => void seen.push(attempt)))
        )
        yield* TestClock.adjust(1)
        yield* storage.claimTasks({ lease: "1 minute" })
        yield* TestClock.adjust(1)
        expect(seen).toEqual([undefined, 1])
        yield* Fiber.interrupt(watching)
      }
    }))

  const failing = (applied: "no" | "unknown") =>
    Effect.fail(new TaskDriverError({ reason: "the disk is on fire", retryable: true, applied }))

  /** From the second query on the engine fails. */
  const failsLater = (applied: "no" | "unknown") => (driver: TaskDriver): TaskDriver => {
    let asked = 0
    const { take } = driver
    return {
      ...driver,
      ...(take === undefined ? {} : { take: (...args) => asked++ === 0 ? take(...args) : failing(applied) })
    }
  }

  it.effect("gives what it has when the engine fails later, and nothing more was written", () =>
    Effect.gen(function*() {
      const tasks = yield* open(failsLater("no"))
      yield* tasks.fill({ a: 3, b: 3 })
      expect(yield* tasks.take({})).toEqual(["tool-a0", "tool-b0"])
      expect(yield* Effect.flip(tasks.take({}))).toMatchObject({ _tag: "TaskStorageUnavailable", applied: "no" })
    }))

  it.effect("says so when more tasks may be claimed than it knows of", () =>
    Effect.gen(function*() {
      const tasks = yield* open(failsLater("unknown"))
      yield* tasks.fill({ a: 3, b: 3 })
      expect(yield* Effect.flip(tasks.take({}))).toMatchObject({ _tag: "TaskStorageUnavailable", applied: "unknown" })
    }))

  it.effect("one by one gives those that it could claim, unless it does not know", () =>
    Effect.gen(function*() {
      for (const [applied, expected] of [["no", ["tool-a0", "tool-c0"]], ["unknown", "unknown"]] as const) {
        const tasks = yield* open((driver) => ({
          ...oneByOne(driver),
          patch: (taskId, ...args) => taskId === "tool-b0" ? failing(applied) : driver.patch(taskId, ...args)
        }))
        yield* tasks.fill({ a: 1, b: 1, c: 1 })
        const answer = yield* Effect.match(tasks.take({}), {
          onFailure: (error) => error._tag === "TaskStorageUnavailable" ? error.applied : error._tag,
          onSuccess: (taskIds) => taskIds
        })
        expect(answer).toEqual(expected)
      }
    }))

  it.effect("leaves out a corrupt row, and fails if there is nothing else", () =>
    Effect.gen(function*() {
      const tasks = yield* open((driver) => {
        const { take } = driver
        return {
          ...driver,
          ...(take === undefined ? {} : {
            take: (...args) =>
              Effect.map(take(...args), (taken) =>
                taken.map(({ before, task }) => ({
                  before,
                  task: task.taskId === "tool-b0" ? { ...task, meta: StoredJson.fromText("{\"secret") } : task
                })))
          })
        }
      })
      yield* tasks.fill({ a: 1, b: 1, c: 1 })
      expect(yield* tasks.take({ exceptSessions: ["c"] })).toEqual(["tool-a0"])
      yield* tasks.storage.touchTask("tool-b0", { lease: 0 }).pipe(Effect.exit)
      const error = yield* Effect.flip(tasks.take({ exceptSessions: ["c"] }))
      expect(error).toMatchObject({ _tag: "TaskStorageUnavailable", applied: "unknown", retryable: false })
      expect(JSON.stringify(error) + error.message).not.toContain("secret")
      expect(yield* tasks.take({})).toEqual(["tool-c0"])
    }))
})
