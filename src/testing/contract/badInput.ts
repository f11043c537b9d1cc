/**
 * What is refused with `InvalidInput`: callers of the promise facade have no compiler to stop them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { SessionTasks } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import { badCounts, badDurations, badIds, badMaps, badOutcomes, badStatuses, badTexts } from "./badValues.ts"
import { refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { failure, success } from "./fixtures.ts"
import { refusesEach } from "./refusesEach.ts"
import { call, inSession } from "./untyped.ts"

const onTask: ReadonlyArray<
  readonly [name: string, call: (tasks: SessionTasks, taskId: unknown) => Effect.Effect<unknown, TaskStorageError>]
> = [
  ["getTask", (tasks, taskId) => call(tasks.getTask, taskId)],
  ["getTaskSummary", (tasks, taskId) => call(tasks.getTaskSummary, taskId)],
  ["deleteTask", (tasks, taskId) => call(tasks.deleteTask, taskId)],
  ["getTaskResult", (tasks, taskId) => call(tasks.getTaskResult, taskId)],
  ["updateTaskStatus", (tasks, taskId) => call(tasks.updateTaskStatus, taskId, "failed")],
  ["storeTaskResult", (tasks, taskId) => call(tasks.storeTaskResult, taskId, success)],
  ["settleTask", (tasks, taskId) => call(tasks.settleTask, taskId, failure)],
  ["touchTask", (tasks, taskId) => call(tasks.touchTask, taskId)],
  ["claimTask", (tasks, taskId) => call(tasks.claimTask, taskId, { lease: 1 })],
  ["storeTaskStep", (tasks, taskId) => call(tasks.storeTaskStep, taskId, "key", 1)],
  ["requireInput", (tasks, taskId) => call(tasks.requireInput, taskId, { a: 1 })],
  ["provideInput", (tasks, taskId) => call(tasks.provideInput, taskId, { a: 1 })],
  ["awaitTask", (tasks, taskId) => call(tasks.awaitTask, taskId)],
  ["changes", (tasks, taskId) => call((id: string) => Stream.runDrain(tasks.changes(id)), taskId)]
]

/** Each write that a worker makes as such. */
const ofWorker: ReadonlyArray<
  readonly [name: string, write: (tasks: SessionTasks, options: unknown) => Effect.Effect<unknown, TaskStorageError>]
> = [
  ["updateTaskStatus", (tasks, options) => call(tasks.updateTaskStatus, "one", "failed", options)],
  ["storeTaskResult", (tasks, options) => call(tasks.storeTaskResult, "one", success, options)],
  ["settleTask", (tasks, options) => call(tasks.settleTask, "one", success, options)],
  ["touchTask", (tasks, options) => call(tasks.touchTask, "one", options)],
  ["storeTaskStep", (tasks, options) => call(tasks.storeTaskStep, "one", "key", 1, options)],
  ["requireInput", (tasks, options) => call(tasks.requireInput, "one", { a: 1 }, options)]
]

/**
 * @since 0.1.0
 * @category suite
 */
export const badInputGroup: ContractGroup = {
  subject: "bad input",
  cases: [
    ...onTask.map(([name, attempt]) => refusesEach(`${name} refuses what is no task id`, "taskId", badIds, attempt)),

    ...onTask.map(([name, attempt]) =>
      refusesEach(
        `forSession(…).${name} refuses what is no session id`,
        "sessionId",
        badIds.filter((id) => id !== null && id !== undefined),
        (tasks, sessionId) => Effect.flatMap(inSession(tasks.forSession, sessionId), (scoped) => attempt(scoped, "one"))
      )
    ),

    refusesEach(
      "storeTaskResult refuses a wrong outcome",
      undefined,
      badOutcomes,
      (tasks, bad) => call(tasks.storeTaskResult, "one", bad)
    ),

    refusesEach(
      "settleTask refuses a wrong outcome",
      undefined,
      badOutcomes,
      (tasks, bad) => call(tasks.settleTask, "one", bad)
    ),

    refusesEach("settleTask refuses a status that is neither completed nor failed", "status", [
      ...badStatuses.filter((status) => status !== null),
      "working",
      "input_required",
      "cancelled"
    ], (tasks, bad) => call(tasks.settleTask, "one", success, { status: bad })),

    refusesEach(
      "updateTaskStatus refuses a wrong status",
      "status",
      [...badStatuses, undefined],
      (tasks, bad) => call(tasks.updateTaskStatus, "one", bad)
    ),

    refusesEach("every write refuses a wrong status message", "statusMessage", badTexts, (tasks, bad) =>
      Effect.andThen(
        refused("settleTask", call(tasks.settleTask, "one", success, { statusMessage: bad }), { _tag: "InvalidInput" }),
        Effect.andThen(
          refused("touchTask", call(tasks.touchTask, "one", { statusMessage: bad }), { _tag: "InvalidInput" }),
          call(tasks.updateTaskStatus, "one", "failed", { statusMessage: bad })
        )
      )),

    refusesEach(
      "touchTask refuses a wrong ttl",
      "ttl",
      [...badDurations, 0],
      (tasks, bad) => call(tasks.touchTask, "one", { ttl: bad })
    ),

    refusesEach(
      "touchTask refuses a wrong poll interval",
      "pollInterval",
      badDurations,
      (tasks, bad) => call(tasks.touchTask, "one", { pollInterval: bad })
    ),

    refusesEach(
      "touchTask refuses a wrong delay",
      "delay",
      [...badDurations, null],
      (tasks, bad) => call(tasks.touchTask, "one", { delay: bad })
    ),

    ...ofWorker.map(([name, write]) =>
      refusesEach(
        `${name} refuses a wrong attempt`,
        "attempt",
        badCounts,
        (tasks, bad) => write(tasks, { attempt: bad })
      )
    ),

    ...ofWorker.filter(([name]) => name === "touchTask" || name === "requireInput").map(([name, write]) =>
      refusesEach(
        `${name} refuses a wrong lease`,
        "lease",
        [...badDurations, null],
        (tasks, bad) => write(tasks, { lease: bad })
      )
    ),

    refusesEach(
      "storeTaskStep refuses what is no key",
      "key",
      badIds,
      (tasks, bad) => call(tasks.storeTaskStep, "one", bad, 1)
    ),

    refusesEach(
      "requireInput refuses wrong requests",
      undefined,
      [...badMaps, {}, undefined, null],
      (tasks, bad) => call(tasks.requireInput, "one", bad)
    ),

    refusesEach(
      "requireInput refuses a wrong request state",
      "requestState",
      badTexts,
      (tasks, bad) => call(tasks.requireInput, "one", { a: 1 }, { requestState: bad })
    ),

    refusesEach(
      "provideInput refuses wrong responses",
      undefined,
      [...badMaps, undefined, null],
      (tasks, bad) => call(tasks.provideInput, "one", bad)
    ),

    refusesEach(
      "recoverStuckTasks refuses a wrong maxAge",
      "maxAge",
      [...badDurations, undefined, null],
      (tasks, bad) => call(tasks.recoverStuckTasks, bad)
    ),

    refusesEach("recoverStuckTasks refuses wrong statuses", "statuses", [
      [],
      ["completed"],
      ["working", "failed"],
      ["x"],
      "working",
      1
    ], (tasks, bad) => call(tasks.recoverStuckTasks, 0, { statuses: bad })),

    refusesEach(
      "recoverStuckTasks refuses wrong leases",
      "leases",
      ["", "all", null, 1, ["expired"]],
      (tasks, bad) => call(tasks.recoverStuckTasks, 0, { leases: bad })
    ),

    ...["listTasks", "listTaskSummaries", "expireTasks", "claimableTasks"].map((name) =>
      refusesEach(
        `${name} refuses a limit that is no positive integer`,
        "limit",
        [0, -1, 0.5, NaN, "1", {}],
        (tasks, bad) => call(Reflect.get(tasks, name), { limit: bad })
      )
    ),

    refusesEach(
      "listTaskSummaries refuses a wrong status",
      "status",
      badStatuses.filter((status) => status !== null),
      (tasks, bad) => call(tasks.listTaskSummaries, { status: bad })
    ),

    refusesEach(
      "listTasksForSession refuses what is no session id",
      "sessionId",
      badIds,
      (tasks, bad) => call(tasks.listTasksForSession, bad)
    ),

    contractCase("a cursor that is no text is an invalid cursor", function*({ first }) {
      for (const cursor of [1, {}, [], true]) {
        yield* refused("listTasks", call(first.listTasks, { cursor }), { _tag: "InvalidCursor" })
        yield* refused("listTaskSummaries", call(first.listTaskSummaries, { cursor }), { _tag: "InvalidCursor" })
      }
    }),

    contractCase("bad input is reported before a missing task", function*({ first }) {
      yield* refused("status", call(first.updateTaskStatus, "none", "done"), { _tag: "InvalidInput" })
      yield* refused("outcome", call(first.settleTask, "none", 1), { _tag: "InvalidInput" })
      yield* refused("ttl", call(first.touchTask, "none", { ttl: -1 }), { _tag: "InvalidInput" })
      yield* refused("lease", call(first.claimTask, "none", { lease: -1 }), { _tag: "InvalidInput" })
      yield* refused("key", call(first.storeTaskStep, "none", "", 1), { _tag: "InvalidInput" })
    })
  ]
}
