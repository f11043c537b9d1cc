/** That erasing a session leaves nothing of it: the tables and items of each engine are searched for its name. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { makeTaskAdmin } from "mcp-task-storage/admin"
import type { TaskStorageShape } from "../../src/domain/service/TaskOperations.ts"
import { randomText } from "../layers/dynamodb/randomText.ts"
import { backends, openWithStore } from "./backends.ts"
import { everything, failed, seed } from "./seed.ts"

const session = "session-to-erase"
const call = { originalMethod: "tools/call", originalParams: { name: "report", for: session } }

/** Tasks of the session in every state that leaves something somewhere, and those of another one. */
const fill = Effect.fnUntraced(function*(storage: TaskStorageShape) {
  const { workerId } = yield* storage.registerWorker({ lease: "1 hour" })
  const make = (fields: Partial<Parameters<typeof storage.createTask>[0]>) =>
    storage.createTask({ ...call, sessionId: session, principal: { session }, meta: { session }, ...fields })
  yield* seed(storage, 30, () => ({ ...failed, sessionId: session }))
  yield* seed(storage, 20, () => ({ ...failed, sessionId: "another" }))
  yield* make({ lease: 0 })
  yield* make({ delay: "1 hour" })
  yield* make({ lease: "1 hour" })
  yield* make({ worker: workerId })
  yield* make({ statusMessage: session, steps: { one: session } })
  const { taskId: asking } = yield* make({ lease: 0 })
  yield* storage.requireInput(asking, { question: { session } }, { requestState: session })
  const { taskId: large } = yield* make({ lease: 0 })
  // In DynamoDB it lies in parts of its own.
  yield* storage.settleTask(large, { _tag: "Success", value: [session, randomText(900_000)] })
  yield* storage.messages.enqueue(large, { session })
  yield* storage.messages.enqueue(asking, { session })
  const { taskId: rerun } = yield* make(failed)
  yield* storage.rerunTask(rerun)
  yield* make({ ttl: 1 })
  yield* make({ ttl: 1, result: { _tag: "Success", value: session }, status: "completed" })
  yield* Effect.sleep(5)
})

for (const backend of backends) {
  backend.describe(backend.name, () => {
    const names = [
      ["where tasks are counted", { maxTasksPerSession: 1_000 }],
      ["where nothing is counted", {}]
    ] as const

    it.live.each(names)("nothing is left, %s", ([, options]) =>
      Effect.gen(function*() {
        const { dump, storage } = yield* openWithStore(backend, options)
        yield* fill(storage)
        const has = Effect.map(dump, (rows) => rows.filter((row) => row.includes(session)))
        assert.isAbove((yield* has).length, 35)

        let late = 3
        const admin = makeTaskAdmin({
          ...storage,
          // A client that goes on while its tasks are deleted.
          deleteTask: (taskId) =>
            Effect.andThen(
              Effect.suspend(() =>
                late-- > 0 ? Effect.orDie(storage.createTask({ ...call, sessionId: session })) : Effect.void
              ),
              storage.deleteTask(taskId)
            )
        })
        const dry = yield* Stream.runCollect(admin.eraseSession(session, { dryRun: true }))
        assert.deepInclude(dry.at(-1), { done: 39, failed: 0 })
        const progress = yield* Stream.runCollect(admin.eraseSession(session))
        assert.deepInclude(progress.at(-1), { done: 42, skipped: 0, failed: 0 })
        assert.isTrue(progress.every((step) => !("nextCursor" in step)))

        assert.deepStrictEqual(yield* has, [])
        assert.strictEqual((yield* everything(storage)).length, 20)
        assert.deepStrictEqual((yield* dump).filter((row) => row.includes("part#")), [])
        const again = yield* Stream.runCollect(admin.eraseSession(session))
        assert.deepInclude(again.at(-1), { matched: 0, done: 0 })
      }))

    it.live("a task that cannot be deleted is reported, and the rest goes", () =>
      Effect.gen(function*() {
        const { storage } = yield* openWithStore(backend)
        const tasks = yield* seed(storage, 5, () => ({ ...failed, sessionId: session }))
        const stuck = tasks[2]?.taskId
        const admin = makeTaskAdmin({
          ...storage,
          deleteTask: (taskId) => taskId === stuck ? storage.deleteTask("") : storage.deleteTask(taskId)
        })
        const progress = yield* Effect.timeout(Stream.runCollect(admin.eraseSession(session)), "20 seconds")
        assert.deepInclude(progress.at(-1), { done: 4, failed: 2 })
        assert.deepStrictEqual((yield* everything(storage)).map(({ taskId }) => taskId), [stuck])
      }))
  })
}

const [memory] = backends
if (memory !== undefined) {
  it.live.each([["", {}], [session, { dryRun: "yes" }], [session, { cursor: "x" }], [session, { limit: 1 }]] as const)(
    "eraseSession refuses %j",
    ([id, options]) =>
      Effect.gen(function*() {
        const { storage } = yield* openWithStore(memory)
        const given: object = options
        const error = yield* Effect.flip(Stream.runDrain(makeTaskAdmin(storage).eraseSession(id, given)))
        assert.strictEqual(error._tag, "InvalidInput")
      })
  )
}
