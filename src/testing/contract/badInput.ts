/**
 * What is refused with `InvalidInput`: callers of the promise facade have no compiler to stop them.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { TaskStorageError } from "../../domain/TaskError.ts"
import type { SessionTasks, TaskStorageShape } from "../../domain/TaskOperations.ts"
import { equal, equalRecord, refused } from "./check.ts"
import { type CaseFailure, type ContractCase, contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, failure, mustGet, success, tool } from "./fixtures.ts"
import { call, inSession } from "./untyped.ts"

const badIds: ReadonlyArray<unknown> = [
  "",
  "x".repeat(256),
  "a\u0000",
  "\n",
  "\u007f",
  "\u0085",
  "\ud800",
  "\udc00x",
  undefined,
  null,
  1,
  {},
  ["a"]
]

const badDurations: ReadonlyArray<unknown> = [-1, 0.5, NaN, Infinity, "soon", "1 parsec", [], true, 2 ** 53, 1n << 80n]

const badTimes: ReadonlyArray<unknown> = ["2026-01-01T00:00:00Z", 0, null, {}, { epochMilliseconds: 0.5 }, {
  epochMilliseconds: NaN
}, { epochMilliseconds: 8.64e15 + 1 }]

const badStatuses: ReadonlyArray<unknown> = ["", "done", "Working", null, 1, {}]

const badTexts: ReadonlyArray<unknown> = [1, {}, true, []]

const badMaps: ReadonlyArray<unknown> = [1, "x", [], [1], true, new Map()]

const badOutcomes: ReadonlyArray<unknown> = [
  undefined,
  null,
  1,
  "Success",
  {},
  { _tag: "Nothing" },
  { _tag: "Success" },
  { _tag: "Success", value: undefined },
  { _tag: "Error" },
  { _tag: "Error", code: 1.5, message: "m" },
  { _tag: "Error", code: "1", message: "m" },
  { _tag: "Error", code: 1 },
  { _tag: "Error", code: 1, message: 2 },
  { _tag: "Error", code: NaN, message: "m" },
  { _tag: "Error", code: 1, message: "m", data: 1n },
  {
    get _tag(): never {
      throw new Error("secret")
    }
  },
  {
    _tag: "Success",
    get value(): never {
      throw new Error("secret")
    }
  }
]

type Attempt = (tasks: TaskStorageShape, bad: unknown) => Effect.Effect<unknown, CaseFailure>

/** Refuses each of the bad values, and leaves the task as it is. */
const refusesEach = (
  name: string,
  field: string | undefined,
  bads: ReadonlyArray<unknown>,
  attempt: Attempt
): ContractCase =>
  contractCase(name, function*({ first }) {
    const created = yield* createIn(first, "one", "working")
    for (const [index, bad] of bads.entries()) {
      yield* refused(`value ${index}`, attempt(first, bad), {
        _tag: "InvalidInput",
        ...(field === undefined ? {} : { field })
      })
    }
    yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
    yield* equal("tasks", yield* first.taskCount(), 1)
  })

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

/** Each operation that finds free tasks. */
const finding: ReadonlyArray<
  readonly [name: string, find: (tasks: TaskStorageShape, options: object) => Effect.Effect<unknown, TaskStorageError>]
> = [
  ["claimableTasks", (tasks, options) => call(tasks.claimableTasks, options)],
  ["claimTasks", (tasks, options) => call(tasks.claimTasks, { lease: 1, ...options })]
]

/** What is wrong for each of their options, and the field that the error names. */
const findingOptions: ReadonlyArray<readonly [name: string, field: string, bads: ReadonlyArray<unknown>]> = [
  ["kinds", "kinds", [1, "tools/call", {}, { method: "tools/call" }, null, new Map()]],
  ["kinds", "kinds[0]", [[1], ["tools/call"], [null], [[]], [undefined]]],
  ["kinds", "kinds[1].method", badTexts.map((method) => [{ method: "x" }, { method }])],
  ["kinds", "kinds[0].method", [[{}], [{ name: "x" }]]],
  ["kinds", "kinds[0].name", ["", "x".repeat(256), 1, {}, []].map((name) => [{ method: "x", name }])],
  ["leases", "leases", ["", "expired", "all", null, 1, ["released"]]],
  ["exceptSessions", "exceptSessions", [1, "s", {}, new Set(["s"]), null]],
  ["exceptSessions", "exceptSessions[1]", badIds.map((id) => ["s", id])],
  ["perSession", "perSession", [0, -1, 1.5, NaN, Infinity, "1", null, {}, 2 ** 53]],
  ["running", "running", [1, "s", [], [1], null, new Map([["s", 1]])]],
  ["running", "running", ["", "x".repeat(256), "a\u0000", "\ud800"].map((session) => ({ [session]: 1 }))],
  ["running", "running.s", [-1, 1.5, NaN, Infinity, "1", null, undefined, {}].map((count) => ({ s: count }))],
  ["behindSession", "behindSession", badIds.filter((id) => id !== undefined && id !== null)],
  ["behindKind", "behindKind", [1, "tools/call", null]],
  ["behindKind", "behindKind.method", [{}, { name: "x" }, ...badTexts.map((method) => ({ method }))]],
  ["behindKind", "behindKind.name", ["", "x".repeat(256), 1, {}].map((name) => ({ method: "x", name }))]
]

/** Each field of a worker that is registered, with what is wrong for it. */
const workerFields: ReadonlyArray<readonly [field: string, bads: ReadonlyArray<unknown>]> = [
  ["lease", [...badDurations, 0, null, undefined]],
  ["pid", [-1, 1.5, NaN, Infinity, "1", null, {}, 2 ** 53]],
  ...(["host", "name", "version"] as const).map((field) => [field, ["", "x".repeat(256), 1, {}, [], null]] as const)
]

/** What does not go together: nobody holds a task in two ways. */
const both = { lease: 1, worker: "w" } as const

const badCounts: ReadonlyArray<unknown> = [0, -1, 1.5, NaN, Infinity, "1", null, {}, 2 ** 53]

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

/** Each field of a new task, with what is wrong for it. */
const createFields: ReadonlyArray<readonly [field: string, bads: ReadonlyArray<unknown>]> = [
  ["taskId", badIds.filter((id) => id !== undefined && id !== null)],
  ["sessionId", badIds.filter((id) => id !== undefined && id !== null)],
  ["ttl", [...badDurations, 0]],
  ["pollInterval", badDurations],
  ["lease", [...badDurations, null]],
  ["worker", badIds.filter((id) => id !== undefined)],
  ["delay", [...badDurations, null]],
  ["status", badStatuses.filter((status) => status !== null)],
  ["createdAt", badTimes.filter((time) => time !== null)],
  ["lastUpdatedAt", badTimes.filter((time) => time !== null)],
  ["originalMethod", [...badTexts, undefined, null]],
  ["statusMessage", badTexts],
  ["requestState", badTexts],
  ["meta", badMaps],
  ["inputRequests", badMaps],
  ["inputResponses", badMaps]
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

    ...createFields.map(([field, bads]) =>
      refusesEach(
        `createTask refuses a wrong ${field}`,
        field,
        bads,
        (tasks, bad) => call(tasks.createTask, { ...tool, [field]: bad })
      )
    ),

    refusesEach(
      "createTask refuses what is no task",
      undefined,
      [undefined, null, 1, "x", []],
      (tasks, bad) => call(tasks.createTask, bad)
    ),

    refusesEach(
      "createTask refuses what cannot be read",
      "task",
      [{
        get originalMethod(): never {
          throw new Error("secret")
        }
      }],
      (tasks, bad) => call(tasks.createTask, bad)
    ),

    refusesEach(
      "updateTask refuses what is no record",
      "record",
      [undefined, null, 1, "x", {
        get taskId(): never {
          throw new Error("secret")
        }
      }],
      (tasks, bad) => call(tasks.updateTask, bad)
    ),

    refusesEach(
      "createTask refuses a wrong result",
      undefined,
      badOutcomes.slice(2),
      (tasks, bad) => call(tasks.createTask, { ...tool, result: bad })
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
      "claimTask refuses a wrong lease, and one of no length",
      "lease",
      [...badDurations, 0, null, undefined],
      (tasks, bad) => call(tasks.claimTask, "one", { lease: bad })
    ),

    refusesEach(
      "claimTask refuses to take a task for no time",
      "lease",
      [undefined, {}],
      (tasks, bad) => call(tasks.claimTask, "one", bad)
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

    ...finding.flatMap(([name, find]) =>
      findingOptions.map(([option, field, bads], index) =>
        refusesEach(
          `${name} refuses wrong ${option} (${index + 1})`,
          field,
          bads,
          (tasks, bad) => find(tasks, { [option]: bad })
        )
      )
    ),

    refusesEach(
      "claimTasks refuses a wrong lease, and one of no length",
      "lease",
      [...badDurations, 0, null, undefined],
      (tasks, bad) => call(tasks.claimTasks, { lease: bad })
    ),

    refusesEach(
      "a claim refuses a wrong worker",
      "worker",
      badIds.filter((id) => id !== undefined),
      (tasks, bad) =>
        Effect.andThen(
          refused("claimTasks", call(tasks.claimTasks, { worker: bad }), { _tag: "InvalidInput", field: "worker" }),
          call(tasks.claimTask, "one", { worker: bad })
        )
    ),

    contractCase("nobody holds a task in two ways, or holds one that waits", function*({ first }) {
      const created = yield* createIn(first, "one", "working", { lease: 0 })
      const attempts: ReadonlyArray<readonly [field: string, attempt: ReturnType<typeof call>]> = [
        ["lease", call(first.claimTask, "one", both)],
        ["lease", call(first.claimTasks, both)],
        ["lease", call(first.createTask, { ...tool, ...both })],
        ["lease", call(first.createTask, { ...tool, delay: 1, lease: 1 })],
        ["lease", call(first.createTask, { ...tool, delay: 0, lease: 0 })],
        ["worker", call(first.createTask, { ...tool, delay: 1, worker: "w" })],
        ["lease", call(first.touchTask, "one", { delay: 1, lease: 1 })],
        ["lease", call(first.withSummary.touchTask, "one", { delay: 0, lease: 0 })]
      ]
      for (const [field, attempt] of attempts) yield* refused(field, attempt, { _tag: "InvalidInput", field })
      yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
      yield* equal("tasks", yield* first.taskCount(), 1)
    }),

    refusesEach(
      "touchTask refuses a wrong delay",
      "delay",
      [...badDurations, null],
      (tasks, bad) => call(tasks.touchTask, "one", { delay: bad })
    ),

    ...workerFields.map(([field, bads]) =>
      contractCase(`registerWorker refuses a wrong ${field}`, function*({ first }) {
        for (const [index, bad] of bads.entries()) {
          yield* refused(`value ${index}`, call(first.registerWorker, { lease: 1, [field]: bad }), {
            _tag: "InvalidInput",
            field
          })
        }
        yield* equal("workers", yield* first.listWorkers(), [])
      })
    ),

    contractCase("registerWorker refuses what is no worker", function*({ first }) {
      for (const bad of [undefined, null, 1, "x", []]) {
        yield* refused("a worker", call(first.registerWorker, bad), { _tag: "InvalidInput", field: "worker" })
      }
      yield* equal("workers", yield* first.listWorkers(), [])
    }),

    contractCase("every operation on a worker refuses what is no id of one", function*({ first }) {
      const invalid = { _tag: "InvalidInput", field: "workerId" } as const
      for (const bad of badIds) {
        yield* refused("renewWorker", call(first.renewWorker, bad, { lease: 1 }), invalid)
        yield* refused("endWorker", call(first.endWorker, bad), invalid)
        yield* refused("workerNews", call((id: string) => Stream.runDrain(first.workerNews(id)), bad), invalid)
        if (bad !== undefined) {
          const except = { _tag: "InvalidInput", field: "except" } as const
          yield* refused("declareDeadWorkers", call(first.declareDeadWorkers, { except: bad }), except)
        }
      }
    }),

    contractCase("renewWorker refuses a wrong lease, before it looks for the worker", function*({ first }) {
      for (const lease of [...badDurations, 0, null, undefined]) {
        yield* refused("renewWorker", call(first.renewWorker, "none", { lease }), {
          _tag: "InvalidInput",
          field: "lease"
        })
      }
      yield* refused("without any", call(first.renewWorker, "none"), { _tag: "InvalidInput", field: "lease" })
    }),

    ...([
      ["taskId", badIds],
      ["sessionId", badIds.filter((id) => id !== undefined && id !== null)],
      ["status", badStatuses],
      ["createdAt", badTimes],
      ["revision", [0, -1, 1.5, "1", NaN, null, undefined]],
      ["ttl", [...badDurations, 0]],
      ["originalMethod", [...badTexts, undefined]],
      ["result", [1, "x", { _tag: "Success" }]],
      ["steps", badMaps]
    ] as const).map(([field, bads]) =>
      contractCase(`updateTask refuses a wrong ${field}`, function*({ first }) {
        const created = yield* createIn(first, "one", "working")
        for (const [index, bad] of bads.entries()) {
          yield* refused(`value ${index}`, call(first.updateTask, { ...created, [field]: bad }), {
            _tag: "InvalidInput"
          })
        }
        yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
      })
    ),

    contractCase("bad input is reported before a missing task", function*({ first }) {
      yield* refused("status", call(first.updateTaskStatus, "none", "done"), { _tag: "InvalidInput" })
      yield* refused("outcome", call(first.settleTask, "none", 1), { _tag: "InvalidInput" })
      yield* refused("ttl", call(first.touchTask, "none", { ttl: -1 }), { _tag: "InvalidInput" })
      yield* refused("lease", call(first.claimTask, "none", { lease: -1 }), { _tag: "InvalidInput" })
      yield* refused("key", call(first.storeTaskStep, "none", "", 1), { _tag: "InvalidInput" })
    }),

    contractCase("times of any year that a Date can hold are kept", function*({ first, second }) {
      for (const millis of [-8.64e15, -62_135_596_800_001, -1, 0, 1, 253_402_300_800_000, 8.64e15]) {
        const createdAt = DateTime.makeUnsafe(millis)
        const taskId = `at ${millis}`
        yield* first.createTask({ ...tool, createdAt, lastUpdatedAt: createdAt, taskId })
        const record = yield* mustGet(second, taskId)
        yield* equal(taskId, [record.createdAt.epochMilliseconds, record.lastUpdatedAt.epochMilliseconds], [
          millis,
          millis
        ])
      }
      const millis = (yield* second.listTasks()).tasks.map(({ createdAt }) => createdAt.epochMilliseconds)
      yield* equal("the order", millis, millis.toSorted((left, right) => left - right))
    })
  ]
}
