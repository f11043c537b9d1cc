/**
 * What claims and workers refuse with `InvalidInput`.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import { badDurations, badIds, badTexts } from "./badValues.ts"
import { equal, equalRecord, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, mustGet, tool } from "./fixtures.ts"
import { refusesEach } from "./refusesEach.ts"
import { call } from "./untyped.ts"

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

/**
 * @since 0.2.0
 * @category suite
 */
export const badClaimsGroup: ContractGroup = {
  subject: "bad input: claims and workers",
  cases: [
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
    })
  ]
}
