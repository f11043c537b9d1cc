/** Lines that are no tasks: each is named by its number, and nothing of it is stored. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { makeTaskAdmin, type TransferProgress } from "mcp-task-storage/admin"
import { TaskStorageUnavailable } from "../../src/domain/task/TaskError.ts"
import { backends, open } from "./backends.ts"

const good = {
  taskId: "good",
  status: "completed",
  createdAt: "2026-01-02T03:04:05.678Z",
  lastUpdatedAt: "2026-01-02T03:04:05.678Z",
  ttl: null,
  originalMethod: "tools/call",
  revision: 3,
  result: { _tag: "Success", value: { content: [] } }
} as const

const secret = "a payload that is nobody's business"

const { createdAt: _, ...timeless } = good
const { ttl: __, ...ttlless } = good

const wrong: ReadonlyArray<readonly [name: string, line: string, reason: RegExp]> = [
  ["no JSON", `{"taskId": ${secret}`, /^it is no JSON$/],
  ["half a line", JSON.stringify({ ...good, meta: { secret } }).slice(0, -10), /^it is no JSON$/],
  ["two values", `${JSON.stringify(good)}${JSON.stringify(good)}`, /^it is no JSON$/],
  ["a number", "1", /^it is no task$/],
  ["null", "null", /^it is no task$/],
  ["a list", `["${secret}"]`, /task|missing/],
  ["no time", JSON.stringify(timeless), /^its createdAt is missing/],
  ["no ttl", JSON.stringify(ttlless), /^its ttl is missing/],
  ["a time that is none", JSON.stringify({ ...good, createdAt: secret }), /Invalid createdAt/],
  ["a day that is none", JSON.stringify({ ...good, createdAt: "2026-02-30T00:00:00.000Z" }), /Invalid createdAt/],
  ["a time of a lease that is none", JSON.stringify({ ...good, leaseExpiresAt: "soon" }), /Invalid leaseExpiresAt/],
  [
    "a failure without a time",
    JSON.stringify({ ...good, failure: { name: "E", message: secret } }),
    /^its failure\.at/
  ],
  ["a status that is none", JSON.stringify({ ...good, status: secret }), /^its status is/],
  ["an id that is none", JSON.stringify({ ...good, taskId: "" }), /taskId/],
  ["a session that is none", JSON.stringify({ ...good, sessionId: "a\u0000b" }), /Invalid sessionId/],
  ["a revision of 0", JSON.stringify({ ...good, revision: 0 }), /Invalid revision/],
  ["an outcome that is none", JSON.stringify({ ...good, result: { _tag: "Success" } }), /^its result/],
  ["a key that nobody knows", JSON.stringify({ ...good, steppes: { secret } }), /steppes/],
  ["meta that is no object", JSON.stringify({ ...good, meta: [secret] }), /^its meta/],
  ["a ttl of a fraction", JSON.stringify({ ...good, ttl: 0.5 }), /ttl/]
]

/** What a stream reported before it ended or failed, and with what it failed. */
const observe = <E>(stream: Stream.Stream<TransferProgress, E>) =>
  Effect.gen(function*() {
    const progress: Array<TransferProgress> = []
    const end = yield* Effect.result(Stream.runForEach(stream, (step) => Effect.sync(() => progress.push(step))))
    return { last: progress.at(-1), error: Result.isFailure(end) ? end.failure : undefined }
  })

const fresh = open(backends[0] ?? assert.fail("there is no backend"))

const lineOf = (taskId: string) => JSON.stringify({ ...good, taskId })

describe("importTasks", () => {
  it.live.each(wrong)("names a line with %s", ([, line, reason]) =>
    Effect.gen(function*() {
      const storage = yield* fresh
      const lines = Stream.make(lineOf("a"), "", lineOf("b"), line, lineOf("c"))
      const { error, last } = yield* observe(makeTaskAdmin(storage).importTasks(lines))
      if (error?._tag !== "InvalidLine") return assert.fail(`it gave ${String(error)}`)
      assert.strictEqual(error.line, 4)
      assert.match(error.reason, reason)
      assert.match(error.message, /^Line 4 cannot be imported: .*import all lines again/)
      assert.notInclude(error.message, secret)
      assert.deepInclude(last, { copied: 2 })
      const dry = yield* observe(makeTaskAdmin(storage).importTasks(lines, { dryRun: true }))
      assert.deepInclude(dry.error, { _tag: "InvalidLine", line: 4 })
      const corrected = Stream.make(lineOf("a"), "", lineOf("b"), "  ", lineOf("c"))
      const again = yield* observe(makeTaskAdmin(storage).importTasks(corrected))
      assert.deepInclude(again.last, { copied: again.last?.same === 2 ? 1 : 0, failed: 0 })
      assert.strictEqual(yield* storage.taskCount(), 3)
    }))

  it.live("imports nothing of a first line that is none, and reads no further", () =>
    Effect.gen(function*() {
      const storage = yield* fresh
      let read = 0
      const lines = Stream.tap(Stream.make("nonsense", lineOf("a")), () => Effect.sync(() => read++))
      const { error } = yield* observe(makeTaskAdmin(storage).importTasks(lines))
      assert.deepInclude(error, { _tag: "InvalidLine", line: 1 })
      assert.isAtMost(read, 2)
      assert.strictEqual(yield* storage.taskCount(), 0)
    }))

  it.live("reports many lines batch by batch, and the failure of their source", () =>
    Effect.gen(function*() {
      const storage = yield* fresh
      const lines = Stream.fromIterable(Array.from({ length: 1_200 }, (_, at) => lineOf(`t${at}`)))
      const broken = Stream.concat(lines, Stream.fail(new Error("the pipe broke")))
      const { error, last } = yield* observe(makeTaskAdmin(storage).importTasks(broken))
      assert.include(String(error), "the pipe broke")
      assert.deepInclude(last, { copied: 1_200 })
      const again = yield* Stream.runCollect(makeTaskAdmin(storage).importTasks(lines))
      assert.deepStrictEqual(again.map(({ tasks }) => tasks.length), [500, 500, 200])
      assert.deepInclude(again.at(-1), { examined: 1_200, copied: 0, same: 1_200 })
    }))

  it.live("ends with the engine, after what was done", () =>
    Effect.gen(function*() {
      const storage = yield* fresh
      const down = new TaskStorageUnavailable({
        operation: "importTask",
        reason: "it is down",
        retryable: true,
        applied: "no"
      })
      const admin = makeTaskAdmin({
        ...storage,
        importTask: (record, options) => record.taskId === "c" ? Effect.fail(down) : storage.importTask(record, options)
      })
      const { error, last } = yield* observe(admin.importTasks(Stream.make(lineOf("a"), lineOf("b"), lineOf("c"))))
      assert.strictEqual(error, down)
      assert.deepInclude(last, { examined: 2, copied: 2, failed: 0 })
    }))

  it.live("goes on where one task has no room", () =>
    Effect.gen(function*() {
      const storage = yield* open(backends[0] ?? assert.fail("there is no backend"), {
        maxPayloadBytes: { outcome: 100 }
      })
      const large = JSON.stringify({ ...good, result: { _tag: "Success", value: "x".repeat(200) } })
      const { error, last } = yield* observe(makeTaskAdmin(storage).importTasks(Stream.make(large, lineOf("b"))))
      assert.isUndefined(error)
      assert.deepInclude(last, { copied: 1, failed: 1 })
      const [task] = last?.tasks ?? []
      assert.deepInclude(task?._tag === "Failed" ? task.error : {}, { _tag: "PayloadTooLarge" })
    }))
})

describe("findTask", () => {
  it.live("finds a task by its id, by its end, and says what is ambiguous", () =>
    Effect.gen(function*() {
      const storage = yield* fresh
      const admin = makeTaskAdmin(storage)
      for (const taskId of ["x-1", "y-1", "1", "z-2"]) yield* storage.createTask({ originalMethod: "m", taskId })
      assert.strictEqual(yield* admin.findTask("1"), "1")
      assert.strictEqual(yield* admin.findTask("2"), "z-2")
      assert.strictEqual(yield* admin.findTask("y-1"), "y-1")
      const ambiguous = yield* Effect.flip(admin.findTask("-1"))
      assert.match(ambiguous.message, /several ids: x-1, y-1; give more of it/)
      assert.strictEqual((yield* Effect.flip(admin.findTask("nothing")))._tag, "TaskNotFound")
      assert.strictEqual((yield* Effect.flip(admin.findTask("")))._tag, "InvalidInput")
    }))
})
