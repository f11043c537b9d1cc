/** Tasks that move from one engine to another, and by lines of NDJSON. */
import { assert, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { makeTaskAdmin, type TransferProgress } from "mcp-task-storage/admin"
import type { CreateTask } from "../../src/domain/options/TaskOptions.ts"
import type { TaskStorageShape } from "../../src/domain/service/TaskOperations.ts"
import type { TaskRecord } from "../../src/domain/task/TaskRecord.ts"
import { plainRecord } from "../../src/testing/PlainRecord.ts"
import { randomText } from "../layers/dynamodb/randomText.ts"
import { backends, open } from "./backends.ts"
import { completed, everything, failed, seed } from "./seed.ts"

/** What engines and drivers like to change. */
const awkward: unknown = JSON.parse(
  `{"z":["\\ud800","x\\udfff\\u0000","\\u2028"],"a":{"10":1,"9":2,"__proto__":{"x":1},"constructor":null},"é\\\\\\"":5e-324,"":""}`
)

const kinds: ReadonlyArray<Partial<CreateTask>> = [
  failed,
  completed,
  { lease: 0 },
  { delay: "1 hour" },
  { status: "cancelled", statusMessage: "\ud800" },
  { status: "input_required", inputRequests: { q: awkward }, inputResponses: { other: awkward }, requestState: "s" }
]

/** Tasks of many kinds, of which those that run are to be left out. */
const fill = Effect.fnUntraced(function*(storage: TaskStorageShape, count: number) {
  const tasks = yield* seed(storage, count, (at) => ({
    ...kinds[at % kinds.length],
    originalParams: { name: "report", arguments: awkward },
    meta: { n: at, "__proto__": 1 },
    principal: awkward,
    steps: { one: awkward },
    sessionId: at % 3 === 0 ? "s" : undefined,
    pollInterval: at,
    traceparent: "00-a-b-01"
  }))
  for (const [at, { taskId }] of tasks.entries()) {
    if (at % 12 === 0) yield* storage.rerunTask(taskId)
    if (at % 12 === 1) {
      yield* storage.updateTask({ ...(yield* mustFind(storage, taskId)), meta: { changed: ["\ud800", 1] } })
    }
  }
  const { taskId: large } = yield* storage.createTask({ originalMethod: "m", lease: 0 })
  const { record } = yield* storage.claimTask(large, { lease: "1 hour" })
  yield* storage.storeTaskStep(large, "two", awkward, { attempt: record.attempt })
  yield* storage.settleTask(large, { _tag: "Success", value: [awkward, randomText(700_000)] }, {
    attempt: record.attempt,
    failure: Object.assign(new TypeError("lost\u0000"), { stack: "at \ud800" })
  })
  yield* storage.createTask({ originalMethod: "m", ttl: 1 })
  yield* storage.createTask({ originalMethod: "m", ttl: "1 day", ...failed })
  yield* Effect.sleep(5)
})

const mustFind = (storage: TaskStorageShape, taskId: string) =>
  Effect.flatMap(
    storage.getTask(taskId),
    (found) => found._tag === "Some" ? Effect.succeed(found.value) : Effect.die("it is not there")
  )

const plain = (records: ReadonlyArray<TaskRecord>) => records.map(plainRecord)

const last = (progress: ReadonlyArray<TransferProgress>): TransferProgress =>
  progress.at(-1) ?? assert.fail("it reported nothing")

/** Each engine that keeps tasks is read from, and written to: between them they are plain records, of no engine. */
const pairs = [
  ["memory", "sqlite"],
  ["sqlite", "postgres"],
  ["postgres", "dynamodb"],
  ["dynamodb", "sqlite"]
] as const

const backendNamed = (name: string) =>
  backends.find((backend) => backend.name === name) ?? assert.fail("no such backend")

for (const [source, target] of pairs) {
  const from = backendNamed(source)
  const to = backendNamed(target)
  const describe = to.name === "dynamodb" ? to.describe : from.describe
  const count = source === "dynamodb" || target === "dynamodb" ? 60 : 240

  describe(`${source} to ${target}`, () => {
    it.live("every task arrives word for word, and a repeat finds the same", () =>
      Effect.gen(function*() {
        const storage = yield* open(from)
        const other = yield* open(to)
        yield* fill(storage, count)
        const admin = makeTaskAdmin(storage)
        const expected = yield* everything(storage)
        const dry = last(yield* Stream.runCollect(admin.copyTasks(other, { all: true }, { dryRun: true })))
        assert.deepInclude(dry, { copied: expected.length, same: 0, differing: 0, leftOut: 0, failed: 0 })
        assert.strictEqual(yield* other.taskCount(), 0)
        const copy = last(yield* Stream.runCollect(admin.copyTasks(other, { all: true })))
        assert.deepInclude(copy, { copied: expected.length, same: 0, differing: 0, leftOut: 0, failed: 0 })
        assert.deepStrictEqual(plain(yield* everything(other)), plain(expected))
        const repeat = last(yield* Stream.runCollect(admin.copyTasks(other, { all: true })))
        assert.deepInclude(repeat, { copied: 0, same: expected.length, differing: 0, leftOut: 0, failed: 0 })
      }))

    it.live("lines carry them as well", () =>
      Effect.gen(function*() {
        const storage = yield* open(from)
        const other = yield* open(to)
        yield* fill(storage, count)
        const expected = yield* everything(storage)
        const lines = Stream.flatMap(
          makeTaskAdmin(storage).exportTasks({ all: true }),
          ({ lines }) => Stream.fromIterable(lines)
        )
        const progress = yield* Stream.runCollect(makeTaskAdmin(other).importTasks(lines))
        assert.deepInclude(last(progress), { examined: expected.length, copied: expected.length, failed: 0 })
        assert.deepStrictEqual(plain(yield* everything(other)), plain(expected))
      }))

    it.live("an interrupted copy goes on by its cursor, and what is missing is added", () =>
      Effect.gen(function*() {
        const storage = yield* open(from)
        const other = yield* open(to)
        yield* fill(storage, count)
        const admin = makeTaskAdmin(storage)
        const expected = yield* everything(storage)
        const some = 25
        const first = last(yield* Stream.runCollect(admin.copyTasks(other, { all: true }, { limit: some })))
        assert.deepInclude(first, { copied: some })
        const rest = yield* Stream.runCollect(admin.copyTasks(other, { all: true }, { cursor: first.nextCursor }))
        assert.deepInclude(last(rest), { copied: expected.length - some, same: 0 })
        const [one, two] = expected
        yield* other.deleteTask(one?.taskId ?? "")
        yield* other.updateTask({ ...(yield* mustFind(other, two?.taskId ?? "")), meta: {} })
        const repeat = yield* Stream.runCollect(admin.copyTasks(other, { all: true }))
        assert.deepInclude(last(repeat), { copied: 1, same: expected.length - 2, differing: 1 })
        const differing = repeat.flatMap(({ tasks }) => tasks).find(({ _tag }) => _tag === "Differs")
        assert.strictEqual(differing?.taskId, two?.taskId)
        assert.includeMembers(differing?._tag === "Differs" ? [...differing.fields] : [], ["meta", "revision"])
      }))
  })
}

for (const backend of backends) {
  backend.describe(backend.name, () => {
    it.live("tasks that run are left out, and it is said why", () =>
      Effect.gen(function*() {
        const storage = yield* open(backend)
        const other = yield* open(backendNamed("memory"))
        const { workerId: living } = yield* storage.registerWorker({ lease: "1 hour" })
        const { workerId: dying } = yield* storage.registerWorker({ lease: 1 })
        const make = (taskId: string, fields: Partial<CreateTask>) =>
          storage.createTask({ originalMethod: "m", taskId, ...fields })
        yield* make("a-held", { worker: living })
        yield* make("b-leased", { lease: "1 hour" })
        yield* make("c-loose", {})
        yield* make("d-lost", { worker: dying })
        yield* make("e-gone", { worker: "nobody" })
        yield* make("f-over", { lease: 1 })
        yield* make("g-sleeps", { delay: "1 hour" })
        yield* make("h-asks", { status: "input_required", inputRequests: { q: 1 } })
        yield* make("i-held-asks", { status: "input_required", inputRequests: { q: 1 }, worker: living })
        yield* Effect.sleep(5)
        yield* storage.declareDeadWorkers()
        const admin = makeTaskAdmin(storage)
        const expected = [
          ["a-held", /^worker \S+ has it$/],
          ["b-leased", /^somebody has it until 20/],
          ["c-loose", /without a lease/],
          ["i-held-asks", /^worker \S+ has it$/]
        ] as const
        const copy = last(yield* Stream.runCollect(admin.copyTasks(other, { all: true })))
        assert.deepInclude(copy, { examined: 9, copied: 5, leftOut: 4 })
        const exported = yield* Stream.runCollect(admin.exportTasks({ all: true }))
        for (const tasks of [copy.tasks, exported.flatMap(({ tasks }) => tasks)]) {
          const left = tasks.filter((task) => task._tag === "LeftOut")
          assert.deepStrictEqual(left.map(({ taskId }) => taskId), expected.map(([taskId]) => taskId))
          for (const [at, [, reason]] of expected.entries()) assert.match(left[at]?.reason ?? "", reason)
        }
        assert.deepInclude(exported.at(-1), { exported: 5, leftOut: 4 })
        // Whoever had them is not there: they are abandoned, and free.
        assert.sameMembers([...(yield* other.claimableTasks())], ["d-lost", "e-gone", "f-over"])
        for (const taskId of ["d-lost", "e-gone", "f-over"]) {
          assert.isTrue((yield* other.claimTask(taskId, { lease: 1 })).abandoned)
        }
        assert.strictEqual(
          (yield* mustFind(other, "g-sleeps")).leaseExpiresAt?.epochMilliseconds,
          (yield* mustFind(
            storage,
            "g-sleeps"
          )).leaseExpiresAt?.epochMilliseconds
        )
      }))
  })
}

it.live("a task that expires on its way is left out", () =>
  Effect.gen(function*() {
    const storage = yield* open(backendNamed("memory"))
    yield* storage.createTask({ originalMethod: "m", taskId: "t", ttl: 60_000, ...failed })
    const record = yield* mustFind(storage, "t")
    const expired = { ...record, createdAt: DateTime.makeUnsafe(0), lastUpdatedAt: DateTime.makeUnsafe(0) }
    const line = JSON.stringify(expired)
    const progress = yield* Stream.runCollect(makeTaskAdmin(storage).importTasks(Stream.make(line)))
    assert.deepStrictEqual(last(progress).tasks, [{ _tag: "LeftOut", taskId: "t", reason: "it has expired" }])
  }))
