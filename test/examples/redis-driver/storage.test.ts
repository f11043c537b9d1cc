/** The Redis driver as a storage and under the runner: kept through a crash of the engine, with typed errors while it is away. */
import { assert, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { TaskStorage } from "mcp-task-storage"
import { openTaskRunner } from "mcp-task-storage/promise"
import * as RedisTaskStorage from "../../../examples/redis-driver/RedisTaskStorage.ts"
import { describeWithRedis, durable, startRedis } from "./server.ts"

describeWithRedis("the storage on Redis", () => {
  it.live("has what it acknowledged after a crash of the engine, and says meanwhile that it is away", () =>
    Effect.gen(function*() {
      const { crash, start, url } = yield* startRedis(durable)
      const storage = yield* Effect.map(
        Layer.build(RedisTaskStorage.layer({ url, maintenance: false })),
        (context) => Context.get(context, TaskStorage)
      )
      const { taskId } = yield* storage.createTask({ originalMethod: "tools/call", originalParams: { name: "report" } })
      const settle = storage.settleTask(taskId, { _tag: "Success", value: 1 })
      yield* crash
      assert.deepInclude(yield* Effect.flip(settle), { _tag: "TaskStorageUnavailable", retryable: true })
      yield* start
      const settled = yield* Effect.retry(settle, {
        while: ({ _tag }) => _tag === "TaskStorageUnavailable",
        schedule: Schedule.spaced("50 millis")
      })
      assert.deepInclude(settled, { status: "completed", originalParams: { name: "report" } })
    }))

  it.live("runs tasks, in promises", () =>
    Effect.gen(function*() {
      const { url } = yield* startRedis(durable)
      yield* Effect.promise(async () => {
        const runner = await openTaskRunner({ layer: RedisTaskStorage.layer({ url }) })
        runner.register({ method: "tools/call", name: "report", run: async () => ({ content: [] }) })
        const { taskId } = await runner.startTask({ originalMethod: "tools/call", originalParams: { name: "report" } })
        const { result, status } = await runner.storage.awaitTask(taskId)
        await runner.close()
        assert.deepEqual({ result, status }, {
          status: "completed",
          result: { _tag: "Success", value: { content: [] } }
        })
      })
    }))
})
