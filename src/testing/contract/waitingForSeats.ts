/**
 * What limits of active tasks promise where tasks wait for their turn: nothing begins over the limit, and everything begins.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskStorageOptions } from "../../domain/options/TaskStorageOptions.ts"
import { equal, hasFields, holds, refused } from "./check.ts"
import { contractCase, type ContractGroup, type World } from "./ContractCase.ts"
import { bury, createIn, mustGet, register, success } from "./fixtures.ts"

const full = { _tag: "MaxTasksReached", scope: "active" } as const
const fullSession = { _tag: "MaxTasksReached", scope: "activePerSession" } as const

/** A case of storages whose tasks can wait; others refuse the option. */
const waitingCase = (
  name: string,
  run: (world: World) => ReturnType<Parameters<typeof contractCase>[1]>,
  options: TaskStorageOptions
) => contractCase(name, run, { whenMaxActive: "wait", ...options }, "whenMaxActive")

const released = { attempt: undefined, worker: undefined, startedAt: undefined, status: "working" } as const

/** Creates tasks that wait, in their order. */
const createWaiting = (storage: World["first"], sessionId: string | undefined, ids: ReadonlyArray<string>) =>
  Effect.forEach(
    ids,
    (taskId) => createIn(storage, taskId, "working", { lease: 0, ...(sessionId === undefined ? {} : { sessionId }) }),
    { discard: true }
  )

const idsOf = (claimed: ReadonlyArray<{ readonly record: { readonly taskId: string } }>) =>
  claimed.map(({ record }) => record.taskId)

/**
 * @since 0.2.0
 * @category suite
 */
export const waitingForSeatsGroup: ContractGroup = {
  subject: "tasks that wait for seats",
  cases: [
    waitingCase("a creation over the limit is stored, and is not begun", function*({ first, second }) {
      const worker = yield* register(first)
      yield* createIn(first, "one", "working", { worker, sessionId: "s" })
      yield* hasFields("over the limit", yield* createIn(second, "two", "working", { worker }), released)
      yield* hasFields("with a lease", yield* createIn(second, "three", "working", { lease: 1000 }), released)
      yield* hasFields("as it is stored", yield* mustGet(first, "two"), released)
      yield* equal("stored", yield* first.taskCount(), 3)
      yield* refused("a claim", first.claimTask("two", { worker }), { ...full, limit: 1 })
      yield* refused("one with a lease", second.claimTask("three", { lease: 1000 }), full)
      yield* equal("claims of many", yield* second.claimTasks({ worker }), [])
      yield* equal("what can be claimed", yield* second.claimableTasks(), [])
      yield* first.settleTask("one", success)
      yield* equal("what can be claimed then", yield* second.claimableTasks(), ["three"])
      yield* equal("claims of many then", idsOf(yield* second.claimTasks({ worker })), ["three"])
      yield* refused("another claim", first.claimTask("two", { worker }), full)
      yield* second.deleteTask("three")
      yield* hasFields("the last one", (yield* first.claimTask("two", { worker })).record, { attempt: 1, worker })
    }, { maxActive: 1 }),

    waitingCase("what nobody holds has begun with its creation, and is refused", function*({ first }) {
      yield* createIn(first, "one", "working")
      yield* refused("a second one", createIn(first, "two", "working"), { ...full, limit: 1 })
      yield* refused("one that asks", createIn(first, "two", "input_required"), full)
      yield* createWaiting(first, undefined, ["two"])
      yield* createIn(first, "three", "completed")
      yield* first.rerunTask("three")
      yield* refused("a claim", first.claimTask("two", { lease: 1000 }), full)
    }, { maxActive: 1 }),

    waitingCase("what its creator began keeps its seat, whoever holds it later", function*({ clock, first, second }) {
      yield* createIn(first, "one", "working")
      yield* createWaiting(first, undefined, ["two"])
      const isFull = (what: string) => refused(what, second.claimTask("two", { lease: 1000 }), full)
      yield* first.touchTask("one", { lease: 50 })
      yield* isFull("while its creator holds it")
      yield* equal("what can be claimed", yield* second.claimableTasks(), [])
      yield* clock.advance(50)
      yield* isFull("when its lease is over")
      yield* equal("what can be claimed then", yield* second.claimableTasks(), ["one"])
      yield* first.touchTask("one", { delay: 10 })
      yield* isFull("while it waits")
      yield* first.requireInput("one", { a: 1 }, { lease: 0 })
      yield* isFull("while it asks")
      yield* second.provideInput("one", { a: 1 })
      yield* isFull("when it is free")
      yield* equal("the claim of it", idsOf(yield* second.claimTasks({ lease: 1000 })), ["one"])
      yield* isFull("after that")
      yield* first.settleTask("one", success)
      yield* second.claimTask("two", { lease: 1000 })
    }, { maxActive: 1 }),

    waitingCase("what was taken over without a lease keeps its seat, whoever holds it later", function*(world) {
      const { clock, first, second } = world
      const { attempt: _, ...record } = yield* createIn(first, "one", "working")
      yield* first.deleteTask("one")
      const ways = [
        ["an extension", first.touchTask("one", { lease: 50 })],
        ["a release", first.touchTask("one", { lease: 0 })],
        ["a release with news", first.touchTask("one", { lease: 0, statusMessage: "goes on" })],
        ["a delay", first.withSummary.touchTask("one", { delay: 10 })],
        ["a question", first.requireInput("one", { a: 1 }, { lease: 0 })]
      ] as const
      for (const [what, write] of ways) {
        yield* equal("taken over", yield* first.importTask(record), { _tag: "Imported" })
        yield* createWaiting(first, undefined, ["two"])
        yield* write
        yield* refused(`a claim of another task, after ${what}`, second.claimTask("two", { lease: 1000 }), full)
        yield* clock.advance(50)
        const free = what === "a question" ? [] : ["one"]
        yield* equal(`what can be claimed, after ${what}`, yield* second.claimableTasks(), free)
        yield* first.deleteTask("one")
        yield* second.claimTask("two", { lease: 1000 })
        yield* first.deleteTask("two")
      }
    }, { maxActive: 1 }),

    waitingCase("what waits takes no seat", function*({ first, second }) {
      const worker = yield* register(first)
      yield* createWaiting(first, "s", ["one", "two", "three"])
      yield* hasFields("a creation", yield* createIn(second, "four", "working", { worker, sessionId: "s" }), { worker })
      yield* refused("a claim", second.claimTask("one", { worker }), { ...full, limit: 1 })
      yield* first.updateTaskStatus("one", "cancelled")
      yield* first.deleteTask("two")
      yield* refused("a claim when two of them are gone", second.claimTask("three", { worker }), full)
      yield* first.settleTask("four", success)
      yield* second.claimTask("three", { worker })
    }, { maxActive: 1, maxActivePerSession: 1 }),

    waitingCase("a task that has begun keeps its seat, and may go on", function*({ clock, first, second }) {
      const worker = yield* register(first)
      yield* createIn(first, "one", "working", { worker })
      yield* createWaiting(first, undefined, ["two"])
      const isFull = (what: string) => refused(what, second.claimTask("two", { lease: 1000 }), full)
      yield* first.touchTask("one", { attempt: 1, delay: 50 })
      yield* isFull("while it sleeps")
      yield* equal("while it sleeps", yield* second.claimableTasks(), [])
      yield* clock.advance(50)
      yield* equal("when it is due", yield* second.claimableTasks(), ["one"])
      yield* equal("the claim of it", idsOf(yield* second.claimTasks({ worker })), ["one"])
      yield* first.requireInput("one", { a: 1 }, { lease: 0 })
      yield* isFull("while it waits for input")
      yield* second.provideInput("one", { a: 1 })
      yield* hasFields("a claim by its id", (yield* second.claimTask("one", { worker })).record, { attempt: 3 })
      yield* bury({ clock, first }, worker)
      yield* isFull("after the death of its worker")
      yield* equal("the takeover", idsOf(yield* second.claimTasks({ lease: 1000 })), ["one"])
      yield* isFull("after that")
      yield* first.settleTask("one", success)
      yield* second.claimTask("two", { lease: 1000 })
    }, { maxActive: 1 }),

    waitingCase("one that has begun is found behind any that wait", function*({ first, second }) {
      yield* createWaiting(first, "s", Array.from({ length: 20 }, (_, index) => `a${index + 10}`))
      const [begun] = idsOf(yield* first.claimTasks({ lease: 1000 }))
      yield* first.touchTask(begun ?? "", { attempt: 1, lease: 0 })
      yield* equal("what can be claimed", yield* second.claimableTasks(), [begun])
      yield* hasFields(
        "the claim",
        (yield* second.claimTasks({ lease: 1000 }))[0]?.record ?? (yield* mustGet(first, "")),
        {
          taskId: begun,
          attempt: 2
        }
      )
    }, { maxActivePerSession: 1 }),

    waitingCase("a session at its limit does not hold up another one", function*({ first, second }) {
      const worker = yield* register(first)
      yield* createWaiting(first, "s", Array.from({ length: 30 }, (_, index) => `s${index + 10}`))
      yield* createWaiting(first, "t", ["t1"])
      yield* createWaiting(second, undefined, ["n1", "n2", "n3"])
      const claimed = idsOf(yield* second.claimTasks({ worker, limit: 50 }))
      yield* equal("claimed", claimed.toSorted(), ["n1", "n2", "n3", "s10", "s11", "t1"])
      yield* refused("one more of s", first.claimTask("s12", { worker }), { ...fullSession, limit: 2 })
      yield* equal("claimed afterwards", yield* second.claimTasks({ worker }), [])
      yield* first.settleTask("s11", success)
      yield* equal("when one has ended", idsOf(yield* second.claimTasks({ worker })), ["s12"])
      yield* hasFields("a creation", yield* createIn(first, "s9", "working", { worker, sessionId: "s" }), released)
      yield* hasFields("of another session", yield* createIn(first, "t2", "working", { worker, sessionId: "t" }), {
        worker
      })
    }, { maxActivePerSession: 2 }),

    waitingCase("sessions take turns where seats are few", function*({ first, second }) {
      const worker = yield* register(first)
      yield* createWaiting(first, "s", Array.from({ length: 20 }, (_, index) => `s${index + 10}`))
      yield* createWaiting(first, "t", ["t1"])
      yield* equal("claimed", idsOf(yield* second.claimTasks({ worker })).toSorted(), ["s10", "s11", "t1"])
      yield* equal("of the second look", yield* first.claimTasks({ worker }), [])
    }, { maxActive: 3 }),

    waitingCase("nothing begins over the limit, and everything begins, whoever meets", function*({ first, second }) {
      const [one, two] = [yield* register(first), yield* register(second)]
      let [running, most, ended] = [0, 0, 0]
      const run = Effect.fnUntraced(function*(storage: World["first"], taskId: string) {
        most = Math.max(most, ++running)
        yield* Effect.yieldNow
        running--
        yield* storage.settleTask(taskId, success)
        ended++
      })
      const lane = Effect.fnUntraced(function*(storage: World["first"], worker: string, lane: number) {
        for (let index = 0; index < 4; index++) {
          const record = yield* createIn(storage, `${lane}-${index}`, "working", { worker, sessionId: `s${lane % 3}` })
          if (record.worker === worker) yield* run(storage, record.taskId)
        }
      })
      const look = Effect.fnUntraced(function*(storage: World["first"], worker: string) {
        for (let round = 0; round < 200 && ended < 24; round++) {
          const claimed = yield* storage.claimTasks({ worker, limit: 5 })
          yield* Effect.forEach(idsOf(claimed), (taskId) => run(storage, taskId), {
            concurrency: "unbounded",
            discard: true
          })
          yield* Effect.yieldNow
        }
      })
      yield* Effect.all([
        ...Array.from(
          { length: 6 },
          (_, index) => index % 2 === 0 ? lane(first, one, index) : lane(second, two, index)
        ),
        look(first, one),
        look(second, two)
      ], { concurrency: "unbounded" })
      yield* holds(`at most 3 run at once, not ${most}`, most <= 3)
      yield* equal("ended", ended, 24)
      const left = Array.from({ length: 5 }, (_, index) => `last ${index}`)
      yield* createWaiting(first, undefined, left)
      yield* equal("seats in the end", (yield* second.claimTasks({ worker: two })).length, 3)
    }, { maxActive: 3, maxActivePerSession: 2 }),

    waitingCase("claims by id meet in no seat", function*({ first, second }) {
      const ids = Array.from({ length: 12 }, (_, index) => `one ${index}`)
      yield* createWaiting(first, "s", ids)
      const claims = yield* Effect.all(
        ids.map((taskId, index) =>
          Effect.result((index % 2 === 0 ? first : second).claimTask(taskId, { lease: 1000 }))
        ),
        { concurrency: "unbounded" }
      )
      yield* equal("claimed", claims.filter(({ _tag }) => _tag === "Success").length, 2)
      for (const claim of claims) {
        if (claim._tag === "Failure") yield* refused("a claim", Effect.fail(claim.failure), { ...full, limit: 2 })
      }
    }, { maxActive: 2, maxActivePerSession: 5 })
  ]
}
