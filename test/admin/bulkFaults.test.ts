/** What operations in bulk do when others come first, when an engine fails, and when they are asked for what cannot be. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { makeTaskAdmin } from "mcp-task-storage/admin"
import type { BulkOptions, BulkProgress, TaskAdminShape, TaskSelection } from "mcp-task-storage/admin"
import type { TaskStorageShape } from "../../src/domain/service/TaskOperations.ts"
import { type TaskStorageError, TaskStorageUnavailable } from "../../src/domain/task/TaskError.ts"
import type { TaskRecord } from "../../src/domain/task/TaskRecord.ts"
import { backends, open } from "./backends.ts"
import { everything, failed, seed } from "./seed.ts"

const count = 30

const isCancelled = ({ status }: TaskRecord): boolean => status === "cancelled"

const countOf = (storage: TaskStorageShape, isMeant: (task: TaskRecord) => boolean) =>
  Effect.map(everything(storage), (tasks) => tasks.filter(isMeant).length)

const seeded = Effect.gen(function*() {
  const storage = yield* open(backends[0] ?? assert.fail("there is no backend"))
  const tasks = yield* seed(storage, count, () => failed)
  const ids: ReadonlyArray<string> = tasks.map(({ taskId }) => taskId)
  return { storage, ids }
})

const faultOf = (kind: { readonly retryable: boolean; readonly concerns?: "store" }) =>
  new TaskStorageUnavailable({ operation: "rerunTask", reason: "it broke", applied: "no", ...kind })

/** What every other task would meet as well. */
const general = [
  ["that may pass", faultOf({ retryable: true })],
  ["of the whole store", faultOf({ retryable: false, concerns: "store" })]
] as const

/** What a stream reported before it ended or failed, and with what it failed. */
const observe = <E>(stream: Stream.Stream<BulkProgress, E>) =>
  Effect.gen(function*() {
    const progress: Array<BulkProgress> = []
    const end = yield* Effect.result(Stream.runForEach(stream, (step) => Effect.sync(() => progress.push(step))))
    return { progress, last: progress.at(-1), error: Result.isFailure(end) ? end.failure : undefined }
  })

describe("a lost race is skipped", () => {
  const lost: ReadonlyArray<
    readonly [
      name: string,
      beside: (storage: TaskStorageShape, taskId: string) => Effect.Effect<unknown, TaskStorageError>,
      run: (admin: TaskAdminShape) => Stream.Stream<BulkProgress, TaskStorageError>,
      reason: RegExp
    ]
  > = [
    ["a deletion", (s, id) => s.deleteTask(id), (a) => a.deleteTasks({ all: true }), /does not exist/],
    ["a deletion before a rerun", (s, id) => s.deleteTask(id), (a) => a.rerunTasks({ all: true }), /does not exist/],
    ["a rerun", (s, id) => s.rerunTask(id), (a) => a.rerunTasks({ all: true }), /was run again before/]
  ]

  it.live.each(lost)("%s", ([, beside, run, reason]) =>
    Effect.gen(function*() {
      const { ids, storage } = yield* seeded
      const first = ids[0] ?? ""
      const before =
        <A extends ReadonlyArray<unknown>, B, E>(act: (taskId: string, ...rest: A) => Effect.Effect<B, E>) =>
        (taskId: string, ...rest: A) =>
          taskId === first
            ? Effect.andThen(Effect.orDie(beside(storage, taskId)), act(taskId, ...rest))
            : act(taskId, ...rest)
      const admin = makeTaskAdmin({
        ...storage,
        deleteTask: before(storage.deleteTask),
        rerunTask: before(storage.rerunTask)
      })
      const { error, last } = yield* observe(run(admin))
      assert.isUndefined(error)
      assert.deepInclude(last, { matched: count, done: count - 1, skipped: 1, failed: 0 })
      const [task] = last?.tasks ?? []
      assert.match(task?._tag === "Skipped" ? task.reason : "", reason)
    }))

  it.live("an end before a cancel", () =>
    Effect.gen(function*() {
      const { storage } = yield* seeded
      const { taskId } = yield* storage.createTask({ originalMethod: "tools/call" })
      const { updateTaskStatus } = storage.withSummary
      const admin = makeTaskAdmin({
        ...storage,
        withSummary: {
          ...storage.withSummary,
          updateTaskStatus: (id, ...rest) =>
            Effect.andThen(
              Effect.orDie(storage.settleTask(id, { _tag: "Success", value: null })),
              updateTaskStatus(id, ...rest)
            )
        }
      })
      const { last } = yield* observe(admin.cancelTasks({ status: "working" }))
      assert.deepStrictEqual(last?.tasks, [{ _tag: "Skipped", taskId, reason: "it has ended and is completed" }])
    }))
})

describe("a fault of the engine", () => {
  it.live("of one task is reported, and the others go on", () =>
    Effect.gen(function*() {
      const { ids, storage } = yield* seeded
      const error = faultOf({ retryable: false })
      const admin = makeTaskAdmin({
        ...storage,
        rerunTask: (taskId, ...rest) => taskId === ids[3] ? Effect.fail(error) : storage.rerunTask(taskId, ...rest)
      })
      const observed = yield* observe(admin.rerunTasks({ status: "failed" }))
      assert.isUndefined(observed.error)
      assert.deepInclude(observed.last, { done: count - 1, failed: 1 })
      assert.deepStrictEqual(observed.last?.tasks[3], { _tag: "Failed", taskId: ids[3] ?? "", error })
    }))

  it.live.each(general)("%s ends the stream, after what was done is reported, with a cursor that misses nothing", ([
    ,
    error
  ]) =>
    Effect.gen(function*() {
      const { ids, storage } = yield* seeded
      let isDown = true
      const admin = makeTaskAdmin({
        ...storage,
        rerunTask: (taskId, ...rest) =>
          isDown && ids.indexOf(taskId) >= 20 ? Effect.fail(error) : storage.rerunTask(taskId, ...rest)
      })
      const first = yield* observe(admin.rerunTasks({ status: "failed" }, { concurrency: 2, limit: 10 }))
      const { error: ended, last } = yield* observe(
        admin.rerunTasks({ status: "failed" }, { concurrency: 2, cursor: first.last?.nextCursor })
      )
      assert.strictEqual(ended, error)
      assert.deepInclude(last, { matched: 10, done: 10, failed: 0 })
      assert.strictEqual((yield* everything(storage)).length, count + 20)
      isDown = false
      const rest = yield* observe(admin.rerunTasks({ status: "failed" }, { cursor: last?.nextCursor }))
      assert.deepInclude(rest.last, { done: 10, skipped: 10, failed: 0 })
      assert.strictEqual((yield* everything(storage)).length, count + count)
    }))

  it.live.each(general)(
    "%s: no write begins after it, and nothing is counted that was not done",
    ([, error]) =>
      Effect.gen(function*() {
        const { storage } = yield* seeded
        let calls = 0
        const admin = makeTaskAdmin({
          ...storage,
          deleteTask: () => {
            calls++
            return Effect.delay(Effect.fail(error), 5)
          }
        })
        const observed = yield* observe(admin.deleteTasks({ all: true }, { concurrency: 3, limit: 5 }))
        assert.strictEqual(calls, 3)
        assert.strictEqual(observed.error, error)
        assert.deepInclude(observed.last, { matched: 0, done: 0, skipped: 0, failed: 0, passed: 0, tasks: [] })
      })
  )

  const runs: ReadonlyArray<
    readonly [
      name: string,
      run: (admin: TaskAdminShape, options: BulkOptions) => Stream.Stream<BulkProgress, TaskStorageError>,
      passed: number,
      done: (storage: TaskStorageShape) => Effect.Effect<number, TaskStorageError>
    ]
  > = [
    ["deleted", (a, o) => a.deleteTasks({ method: "m" }, o), 3, (s) => Effect.map(s.taskCount(), (left) => 40 - left)],
    [
      "run again",
      (a, o) => a.rerunTasks({ status: "failed" }, o),
      0,
      (s) => countOf(s, (t) => t.rerunOf !== undefined)
    ],
    ["cancelled", (a, o) => a.cancelTasks({ method: "m" }, o), 0, (s) => countOf(s, isCancelled)],
    ["cancelled by status", (a, o) => a.cancelTasks({ status: "working" }, o), 3, (s) => countOf(s, isCancelled)]
  ]

  it.live.each(runs)(
    "counts towards the limit what the next run does not meet: %s",
    ([, run, passed, doneIn]) =>
      Effect.gen(function*() {
        const { storage } = yield* seeded
        yield* seed(storage, 10, () => ({ originalMethod: "m" }))
        let left = 3
        const dying =
          <A extends ReadonlyArray<unknown>, B, E>(act: (...call: A) => Effect.Effect<B, E>) => (...call: A) =>
            Effect.suspend((): Effect.Effect<B, E | TaskStorageUnavailable> =>
              left-- > 0 ? act(...call) : Effect.fail(faultOf({ retryable: true }))
            )
        const admin = makeTaskAdmin({
          ...storage,
          deleteTask: dying(storage.deleteTask),
          rerunTask: dying(storage.rerunTask),
          withSummary: { ...storage.withSummary, updateTaskStatus: dying(storage.withSummary.updateTaskStatus) }
        })
        const { last } = yield* observe(run(admin, { concurrency: 1, limit: 5 }))
        assert.deepInclude(last, { matched: 3, done: 3, passed })
        left = Infinity
        yield* observe(run(admin, { cursor: last?.nextCursor, limit: 5 - passed }))
        assert.strictEqual(yield* doneIn(storage), 5)
      })
  )
})

describe("rerunTasks", () => {
  it.live("does not run again what it has created itself, and what has failed meanwhile", () =>
    Effect.gen(function*() {
      const { storage } = yield* seeded
      const admin = makeTaskAdmin({
        ...storage,
        rerunTask: (...call) =>
          Effect.tap(storage.rerunTask(...call), ({ taskId }) =>
            Effect.orDie(storage.settleTask(taskId, { _tag: "Error", code: -32603, message: "Again" })))
      })
      const selection: TaskSelection = { status: "failed" }
      const { last } = yield* Effect.timeout(observe(admin.rerunTasks(selection, { limit: 10 })), 60_000)
      assert.deepInclude(last, { matched: 10, done: 10 })
      const rest = yield* Effect.timeout(observe(admin.rerunTasks(selection, { cursor: last?.nextCursor })), 60_000)
      assert.deepInclude(rest.last, { matched: count - 10, done: count - 10 })
      assert.strictEqual((yield* everything(storage)).length, 2 * count)
    }))

  it.live("takes steps along, and runs again what was run again before, if it is told to", () =>
    Effect.gen(function*() {
      const { storage } = yield* seeded
      yield* storage.createTask({ originalMethod: "m", ...failed, steps: { one: 1 } })
      const admin = makeTaskAdmin(storage)
      yield* observe(admin.rerunTasks({ method: "m", status: "failed" }))
      yield* observe(admin.rerunTasks({ method: "m", status: "failed" }, { again: true, steps: true }))
      const again = (yield* everything(storage)).filter(({ rerunOf }) => rerunOf !== undefined)
      // Both may have been made in one millisecond, and then come in either order.
      assert.sameDeepMembers(again.map(({ steps }) => steps), [undefined, { one: 1 }])
    }))
})

describe("operations in bulk", () => {
  it.live("write no more tasks at once than they are told, and hold no more summaries than a batch has", () =>
    Effect.gen(function*() {
      const { storage } = yield* seeded
      yield* seed(storage, 1_500, () => failed)
      let under = 0
      let most = 0
      const limits: Array<number | undefined> = []
      const admin = makeTaskAdmin({
        ...storage,
        listTaskSummaries: (options) => {
          limits.push(options?.limit)
          return storage.listTaskSummaries(options)
        },
        deleteTask: (taskId) => {
          most = Math.max(most, ++under)
          return Effect.ensuring(
            Effect.andThen(Effect.yieldNow, storage.deleteTask(taskId)),
            Effect.sync(() => under--)
          )
        }
      })
      const { progress } = yield* observe(admin.deleteTasks({ all: true }, { concurrency: 7 }))
      assert.strictEqual(most, 7)
      assert.deepStrictEqual(limits, [500, 500, 500, 500])
      assert.deepStrictEqual(progress.map(({ tasks }) => tasks.length), [500, 500, 500, 30])
    }))

  it.live("report nothing after they are interrupted, and begin no other task", () =>
    Effect.gen(function*() {
      const { storage } = yield* seeded
      const begun = yield* Deferred.make<void>()
      let calls = 0
      const admin = makeTaskAdmin({
        ...storage,
        deleteTask: () => {
          calls++
          return Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)
        }
      })
      const reports: Array<BulkProgress> = []
      yield* Effect.raceFirst(
        Stream.runForEach(admin.deleteTasks({ all: true }, { concurrency: 1 }), (report) =>
          Effect.sync(() => reports.push(report))),
        Deferred.await(begun)
      )
      assert.deepStrictEqual({ calls, reports }, { calls: 1, reports: [] })
    }))

  const refused: ReadonlyArray<readonly [name: string, selection: object, options: object, message: RegExp]> = [
    ["an empty filter", {}, {}, /Invalid selection: names no filter/],
    ["a filter of what is undefined", { sessionId: undefined, status: undefined }, {}, /names no filter/],
    ["an order alone", { order: "newest" }, {}, /names no filter/],
    ["a misspelt filter", { sesionId: "s" }, {}, /did you mean sessionId\?/],
    ["all beside a filter", { all: true, status: "failed" }, {}, /Invalid all: stands alone/],
    ["all that is not true", { all: false }, {}, /Invalid all: must be true/],
    ["a status that is none", { status: "broken" }, {}, /Invalid status/],
    ["an unknown option", { all: true }, { dryrun: true }, /did you mean dryRun\?/],
    ["a dry run that is not boolean", { all: true }, { dryRun: "yes" }, /Invalid dryRun/],
    ["a limit of 0", { all: true }, { limit: 0 }, /Invalid limit/],
    ["a concurrency that is no number", { all: true }, { concurrency: "many" }, /Invalid concurrency/],
    ["a cursor that is none", { all: true }, { cursor: "x" }, /Invalid cursor/],
    ["a cursor of another selection", { all: true }, { cursor: "0.AAAA" }, /Invalid cursor/]
  ]

  it.live.each(refused)("refuse %s", ([, selection, options, message]) =>
    Effect.gen(function*() {
      const { storage } = yield* seeded
      const admin = makeTaskAdmin(storage)
      for (const run of [admin.deleteTasks, admin.cancelTasks, admin.rerunTasks]) {
        const { error, progress } = yield* observe(run(selection, options))
        assert.match(error instanceof Error ? error.message : "", message)
        assert.deepStrictEqual(progress, [])
      }
      assert.strictEqual(yield* storage.taskCount(), count)
    }))

  it.live("refuse null for a selection", () =>
    Effect.gen(function*() {
      const { storage } = yield* seeded
      const missing: TaskSelection = JSON.parse("null")
      const { error } = yield* observe(makeTaskAdmin(storage).deleteTasks(missing))
      assert.match(error instanceof Error ? error.message : "", /Invalid selection: must be an object/)
    }))
})

describe("cancelTask", () => {
  it.live("cancels one task, and refuses one that has ended, and options that it does not know", () =>
    Effect.gen(function*() {
      const { ids, storage } = yield* seeded
      const admin = makeTaskAdmin(storage)
      const { taskId } = yield* storage.createTask({ originalMethod: "tools/call" })
      const summary = yield* admin.cancelTask(taskId, { statusMessage: "No more" })
      assert.deepInclude(summary, { status: "cancelled", statusMessage: "No more" })
      assert.strictEqual((yield* Effect.flip(admin.cancelTask(ids[0] ?? "")))._tag, "TerminalState")
      const unknown: object = { message: "x" }
      assert.strictEqual((yield* Effect.flip(admin.cancelTask(taskId, unknown)))._tag, "InvalidInput")
    }))
})
