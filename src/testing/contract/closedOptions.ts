/**
 * Options that are closed: a name that an operation does not know is refused, and never ignored.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { PlannedWrites, SessionTasks, TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import { equal, equalRecord, Mismatch, refused } from "./check.ts"
import { type ContractCase, contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, failure, mustGet, success, tool } from "./fixtures.ts"
import { call } from "./untyped.ts"

/** A call with a misspelt name in it, and the name that was meant. */
type Row<Tasks> = readonly [
  name: string,
  misspelt: string,
  meant: string,
  attempt: (tasks: Tasks, extra: { readonly [name: string]: unknown }) => Effect.Effect<unknown, TaskStorageError>
]

/** The task under test, for its replacement. */
const replaced = { ...tool, taskId: "one", status: "working", ttl: null, revision: 1 } as const

const ofWrites: ReadonlyArray<Row<PlannedWrites<unknown>>> = [
  [
    "updateTaskStatus",
    "statusMesage",
    "statusMessage",
    (tasks, extra) => call(tasks.updateTaskStatus, "one", "failed", extra)
  ],
  ["storeTaskResult", "atempt", "attempt", (tasks, extra) => call(tasks.storeTaskResult, "one", success, extra)],
  [
    "storeTaskResult",
    "outcome.isError",
    "_tag",
    (tasks, extra) => call(tasks.storeTaskResult, "one", { ...success, ...extra })
  ],
  ["settleTask", "stauts", "status", (tasks, extra) => call(tasks.settleTask, "one", success, extra)],
  [
    "settleTask",
    "outcome.valeu",
    "value",
    (tasks, extra) => call(tasks.settleTask, "one", { _tag: "Success", value: 1, ...extra })
  ],
  [
    "settleTask",
    "outcome.mesage",
    "message",
    (tasks, extra) => call(tasks.settleTask, "one", { ...failure, ...extra })
  ],
  ["touchTask", "leases", "lease", (tasks, extra) => call(tasks.touchTask, "one", extra)],
  ["touchTask", "delays", "delay", (tasks, extra) => call(tasks.touchTask, "one", extra)]
]

const ofSessions: ReadonlyArray<Row<SessionTasks>> = [
  ...ofWrites,
  ["createTask", "tll", "ttl", (tasks, extra) => call(tasks.createTask, { ...tool, ...extra })],
  ["createTask", "sesionId", "sessionId", (tasks, extra) => call(tasks.createTask, { ...tool, ...extra })],
  [
    "createTask",
    "result.dta",
    "data",
    (tasks, extra) => call(tasks.createTask, { ...tool, status: "failed", result: { ...failure, ...extra } })
  ],
  [
    "updateTask",
    "originalParam",
    "originalParams",
    (tasks, extra) =>
      Effect.flatMap(
        tasks.getTask("one"),
        (found) =>
          call(tasks.updateTask, found._tag === "Some" ? { ...found.value, ...extra } : { ...replaced, ...extra })
      )
  ],
  ["listTasks", "limt", "limit", (tasks, extra) => call(tasks.listTasks, extra)],
  ["listTaskSummaries", "statuss", "status", (tasks, extra) => call(tasks.listTaskSummaries, extra)],
  ["listTaskSummaries", "createdBfore", "createdBefore", (tasks, extra) => call(tasks.listTaskSummaries, extra)],
  ["claimTask", "leese", "lease", (tasks, extra) => call(tasks.claimTask, "one", { lease: 1, ...extra })],
  ["claimTask", "woker", "worker", (tasks, extra) => call(tasks.claimTask, "one", { lease: 1, ...extra })],
  ["createTask", "delayed", "delay", (tasks, extra) => call(tasks.createTask, { ...tool, ...extra })],
  ["storeTaskStep", "attemt", "attempt", (tasks, extra) => call(tasks.storeTaskStep, "one", "key", 1, extra)],
  ["requireInput", "requestedState", "requestState", (tasks, extra) => call(tasks.requireInput, "one", { a: 1 }, extra)]
]

const ofStorage: ReadonlyArray<Row<TaskStorageShape>> = [
  ["listTasksForSession", "cursr", "cursor", (storage, extra) => call(storage.listTasksForSession, "s", extra)],
  ["listTaskSummaries of all", "sesionId", "sessionId", (storage, extra) => call(storage.listTaskSummaries, extra)],
  ["importTask", "dryrun", "dryRun", (storage, extra) => call(storage.importTask, replaced, extra)],
  ["expireTasks", "limits", "limit", (storage, extra) => call(storage.expireTasks, extra)],
  ["recoverStuckTasks", "lease", "leases", (storage, extra) => call(storage.recoverStuckTasks, 0, extra)],
  ["claimableTasks", "Limit", "limit", (storage, extra) => call(storage.claimableTasks, extra)],
  ["claimableTasks", "kind", "kinds", (storage, extra) => call(storage.claimableTasks, extra)],
  ["claimTasks", "perSesion", "perSession", (storage, extra) => call(storage.claimTasks, { lease: 1, ...extra })],
  ["claimTasks", "workers", "worker", (storage, extra) => call(storage.claimTasks, { lease: 1, ...extra })],
  [
    "claimTasks",
    "kinds[0].methods",
    "method",
    (storage, extra) => call(storage.claimTasks, { lease: 1, kinds: [{ method: "tools/call", ...extra }] })
  ],
  ["registerWorker", "hots", "host", (storage, extra) => call(storage.registerWorker, { lease: 1, ...extra })],
  ["renewWorker", "leas", "lease", (storage, extra) => call(storage.renewWorker, "w", { lease: 1, ...extra })],
  ["declareDeadWorkers", "expect", "except", (storage, extra) => call(storage.declareDeadWorkers, extra)],
  ["inspectStore", "fixed", "fix", (storage, extra) => call(storage.inspectStore, extra)],
  ["taskStats", "sesionId", "sessionId", (storage, extra) => call(storage.taskStats, extra)],
  ["taskStats", "failureSince", "failuresSince", (storage, extra) => call(storage.taskStats, extra)],
  ["findTaskIds", "limits", "limit", (storage, extra) => call(storage.findTaskIds, { ending: "e", ...extra })],
  ["messages.enqueue", "maxSise", "maxSize", (storage, extra) => call(storage.messages.enqueue, "q", 1, extra)]
]

/** Refuses a name with any value, `undefined` too, names what was meant, and leaves everything as it is. */
const refusesName = <Tasks>(
  [name, field, meant, attempt]: Row<Tasks>,
  where: string,
  from: (storage: TaskStorageShape) => Tasks
): ContractCase =>
  contractCase(`${where}${name} refuses ${field}`, function*({ first }) {
    const created = yield* createIn(first, "one", "working")
    for (const value of ["expired", undefined]) {
      const extra = { [field.slice(field.indexOf(".") + 1)]: value }
      yield* refused(`${field}: ${value}`, attempt(from(first), extra), { _tag: "InvalidInput", field })
      yield* names(meant, attempt(from(first), extra))
    }
    yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
    yield* equal("tasks", yield* first.taskCount(), 1)
  })

const names = (meant: string, attempt: Effect.Effect<unknown, TaskStorageError>): Effect.Effect<void, Mismatch> =>
  Effect.matchEffect(attempt, {
    onFailure: ({ message }) =>
      new RegExp(`\\b${meant}\\b`).test(message)
        ? Effect.void
        : new Mismatch({ difference: `the message ${JSON.stringify(message)} does not name ${meant}` }),
    onSuccess: () => new Mismatch({ difference: "it succeeded" })
  })

/** Values that are no object of options, or cannot be read. */
const notOptions: ReadonlyArray<unknown> = [null, 1, "x", true, [], () => undefined, new Map(), {
  get attempt(): never {
    throw new Error("secret")
  }
}]

const withOptions: ReadonlyArray<
  readonly [name: string, call: (tasks: TaskStorageShape, options: unknown) => Effect.Effect<unknown, TaskStorageError>]
> = [
  ["claimableTasks", (tasks, options) => call(tasks.claimableTasks, options)],
  ["claimTasks", (tasks, options) => call(tasks.claimTasks, options)],
  ["taskStats", (tasks, options) => call(tasks.taskStats, options)],
  ["findTaskIds", (tasks, options) => call(tasks.findTaskIds, options)],
  ["renewWorker", (tasks, options) => call(tasks.renewWorker, "w", options)],
  ["declareDeadWorkers", (tasks, options) => call(tasks.declareDeadWorkers, options)],
  ["inspectStore", (tasks, options) => call(tasks.inspectStore, options)],
  ["listTasks", (tasks, options) => call(tasks.listTasks, options)],
  ["listTaskSummaries", (tasks, options) => call(tasks.listTaskSummaries, options)],
  ["updateTaskStatus", (tasks, options) => call(tasks.updateTaskStatus, "one", "failed", options)],
  ["storeTaskResult", (tasks, options) => call(tasks.storeTaskResult, "one", success, options)],
  ["settleTask", (tasks, options) => call(tasks.settleTask, "one", success, options)],
  ["touchTask", (tasks, options) => call(tasks.touchTask, "one", options)],
  ["claimTask", (tasks, options) => call(tasks.claimTask, "one", options)],
  ["storeTaskStep", (tasks, options) => call(tasks.storeTaskStep, "one", "key", 1, options)],
  ["requireInput", (tasks, options) => call(tasks.requireInput, "one", { a: 1 }, options)]
]

/**
 * @since 0.2.0
 * @category suite
 */
export const closedOptionsGroup: ContractGroup = {
  subject: "closed options",
  cases: [
    ...ofSessions.map((row) => refusesName(row, "", (storage) => storage)),
    ...ofSessions.map((row) => refusesName(row, "forSession(…).", (storage) => storage.forSession(null))),
    ...ofWrites.map((row) => refusesName(row, "withSummary.", (storage) => storage.withSummary)),
    ...ofStorage.map((row) => refusesName(row, "", (storage) => storage)),
    ...withOptions.map(([name, attempt]) =>
      contractCase(`${name} refuses what are no options`, function*({ first }) {
        const created = yield* createIn(first, "one", "working")
        for (const [index, bad] of notOptions.entries()) {
          yield* refused(`value ${index}`, attempt(first, bad), { _tag: "InvalidInput", field: "options" })
        }
        yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
      })
    ),
    contractCase("a session's list does not take another session", function*({ first }) {
      const tasks = first.forSession("s")
      yield* refused("sessionId", call(tasks.listTaskSummaries, { sessionId: "t" }), {
        _tag: "InvalidInput",
        field: "sessionId"
      })
    })
  ]
}
