/**
 * What `attempt` promises: a worker that lost its task cannot write to it any more.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { WorkerOption } from "../../domain/options/TaskOptions.ts"
import type { SessionTasks } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import { settleOrClaim } from "./atOnce.ts"
import { equal, equalRecord, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, failure, mustGet, success } from "./fixtures.ts"

/** Every write that a worker makes as such. */
const writes: ReadonlyArray<
  readonly [
    name: string,
    write: (tasks: SessionTasks, worker: WorkerOption, taskId?: string) => Effect.Effect<unknown, TaskStorageError>
  ]
> = [
  ["updateTaskStatus", (tasks, worker, id = "one") => tasks.updateTaskStatus(id, "failed", worker)],
  ["storeTaskResult", (tasks, worker, id = "one") => tasks.storeTaskResult(id, failure, worker)],
  ["settleTask", (tasks, worker, id = "one") => tasks.settleTask(id, success, worker)],
  ["touchTask", (tasks, worker, id = "one") => tasks.touchTask(id, { ...worker, statusMessage: "late", lease: 1_000 })],
  ["storeTaskStep", (tasks, worker, id = "one") => tasks.storeTaskStep(id, "step", 1, worker)],
  ["requireInput", (tasks, worker, id = "one") => tasks.requireInput(id, { a: 1 }, { ...worker, lease: 0 })]
]

/**
 * @since 0.2.0
 * @category suite
 */
export const fencingGroup: ContractGroup = {
  subject: "fencing",
  cases: [
    ...writes.map(([name, write]) =>
      contractCase(`${name} is the present worker's, and of no attempt but its own`, function*({
        clock,
        first,
        second
      }) {
        yield* createIn(first, "one", "working", { lease: 100 })
        yield* clock.advance(100)
        const { record } = yield* second.claimTask("one", { lease: 100 })
        for (const attempt of [1, 3]) {
          yield* refused(`attempt ${attempt}`, write(first, { attempt }), {
            _tag: "LeaseLost",
            taskId: "one",
            attempt,
            current: 2
          })
        }
        yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), record)
        yield* write(second, { attempt: 2 })
        yield* hasFields("the task", yield* mustGet(first, "one"), { attempt: 2, revision: 3 })
      })
    ),

    ...writes.map(([name, write]) =>
      contractCase(`${name} without an attempt is anybody's`, function*({ first, second }) {
        yield* createIn(first, "one", "working", { lease: 100 })
        yield* write(second, {})
        yield* hasFields("the task", yield* mustGet(first, "one"), { attempt: 1, revision: 2 })
      })
    ),

    ...writes.map(([name, write]) =>
      contractCase(`${name} of a worker is refused for a task that was never claimed`, function*({ first }) {
        const created = yield* createIn(first, "one", "working")
        yield* refused("the first attempt", write(first, { attempt: 1 }), {
          _tag: "LeaseLost",
          taskId: "one",
          attempt: 1,
          current: 0
        })
        yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
        yield* refused("a missing task", write(first, { attempt: 1 }, "none"), { _tag: "TaskNotFound", taskId: "none" })
      })
    ),

    ...writes.map(([name, write]) =>
      contractCase(
        `${name} notes the trace of the run that writes, and keeps it otherwise`,
        function*({ first, second }) {
          const run = { runTraceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" }
          yield* createIn(first, "one", "working", { lease: 100 })
          for (const bad of ["", "x".repeat(256)]) {
            yield* refused("what is none", write(first, { runTraceparent: bad }), {
              _tag: "InvalidInput",
              field: "runTraceparent"
            })
          }
          yield* write(first, { attempt: 1, ...run })
          yield* hasFields("the task", yield* mustGet(second, "one"), { ...run, revision: 2 })
          const kept = yield* createIn(first, "two", "working", { ...run, lease: 100 })
          yield* hasFields("as created", kept, run)
          yield* write(second, { attempt: 1 }, "two")
          yield* hasFields("without", yield* mustGet(first, "two"), { ...run, revision: 2 })
          const [summary] = (yield* first.listTaskSummaries()).tasks
          yield* equal("in a summary", summary?.runTraceparent, run.runTraceparent)
        }
      )
    ),

    contractCase(
      "the trace of the last run stays for whoever claims the task, and for the one that does it again",
      function*({
        clock,
        first,
        second
      }) {
        const run = { runTraceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" }
        yield* createIn(first, "one", "working", { ...run, lease: 100 })
        yield* clock.advance(100)
        const [claimed] = yield* second.claimTasks({ lease: 100 })
        yield* equal("claimed with others", claimed?.record.runTraceparent, run.runTraceparent)
        yield* clock.advance(100)
        yield* hasFields("claimed", (yield* second.claimTask("one", { lease: 100 })).record, run)
        yield* second.settleTask("one", success)
        yield* hasFields("done again", yield* first.rerunTask("one"), { ...run, traceparent: undefined })
      }
    ),

    contractCase("a worker whose lease has run out writes as long as no other one claims the task", function*({
      clock,
      first
    }) {
      yield* createIn(first, "one", "working", { lease: 100 })
      yield* clock.advance(100_000)
      yield* first.storeTaskStep("one", "step", 1, { attempt: 1 })
      yield* first.settleTask("one", success, { attempt: 1 })
    }),

    contractCase("a lost lease is reported before what the state says", function*({ clock, first }) {
      const lost = { _tag: "LeaseLost", attempt: 1, current: 2 } as const
      const worker = { attempt: 1 }
      const claimedTwice = Effect.fnUntraced(function*(taskId: string) {
        yield* createIn(first, taskId, "working", { lease: 1 })
        yield* clock.advance(1)
        yield* first.claimTask(taskId, { lease: 1_000 })
      })
      yield* claimedTwice("asks")
      yield* first.requireInput("asks", { a: 1 })
      yield* refused("the status that it has", first.updateTaskStatus("asks", "input_required", worker), lost)
      yield* refused("a key that was used", first.requireInput("asks", { a: 1 }, worker), lost)
      yield* claimedTwice("done")
      yield* first.storeTaskStep("done", "step", 1)
      yield* first.settleTask("done", success)
      yield* refused("a second outcome", first.settleTask("done", success, worker), lost)
      yield* refused("a second outcome", first.storeTaskResult("done", success, worker), lost)
      yield* refused("a transition", first.updateTaskStatus("done", "failed", worker), lost)
      yield* refused("a touch", first.touchTask("done", worker), lost)
      yield* refused("a step", first.storeTaskStep("done", "step", 1, worker), lost)
      yield* refused("asking", first.requireInput("done", { a: 1 }, worker), lost)
      const present = { attempt: 2 }
      const ended = { _tag: "TerminalState", status: "completed" } as const
      yield* refused("a second outcome", first.settleTask("done", success, present), { _tag: "ResultAlreadyStored" })
      yield* refused("a transition", first.updateTaskStatus("done", "failed", present), ended)
      yield* refused("a touch", first.touchTask("done", present), ended)
      yield* refused("a step", first.storeTaskStep("done", "other", 1, present), ended)
      yield* refused("asking", first.requireInput("done", { a: 1 }, present), ended)
    }),

    contractCase("bad input, a payload too large and a missing task are reported before a lost lease", function*({
      first
    }) {
      yield* createIn(first, "one", "working", { lease: 1_000 })
      const lost = { attempt: 7 }
      const statusMessage = "m".repeat(90)
      const tooLarge = { _tag: "PayloadTooLarge", limit: 100 } as const
      const writes: ReadonlyArray<Effect.Effect<unknown, TaskStorageError>> = [
        first.updateTaskStatus("one", "failed", { ...lost, statusMessage }),
        first.settleTask("one", success, { ...lost, statusMessage }),
        first.touchTask("one", { ...lost, statusMessage }),
        first.storeTaskStep("one", "step", statusMessage, lost),
        first.requireInput("one", { a: statusMessage }, lost)
      ]
      for (const [index, write] of writes.entries()) yield* refused(`write ${index}`, write, tooLarge)
      const invalid = { _tag: "InvalidInput", field: "lease" } as const
      yield* refused("a wrong lease", first.touchTask("one", { ...lost, lease: -1 }), invalid)
    }, { maxPayloadBytes: { content: 100 } }),

    contractCase("a worker that lost its task ends it no more, whoever comes first", function*(world) {
      const { clock, first } = world
      for (let round = 0; round < 20; round++) {
        const taskId = `task-${round}`
        yield* createIn(first, taskId, "working", { lease: 10 })
        yield* clock.advance(10)
        const isSettled = yield* settleOrClaim(world, taskId)
        yield* hasFields("the task", yield* mustGet(first, taskId), {
          attempt: isSettled ? 1 : 2,
          revision: 2,
          status: isSettled ? "completed" : "working"
        })
      }
    })
  ]
}
