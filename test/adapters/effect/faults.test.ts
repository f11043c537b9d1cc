/** That faults of the engine stay where they happened: the client learns that there was one, and nothing more. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { TaskStorageUnavailable } from "../../../src/domain/task/TaskError.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { legacy, modern } from "../../support/wire.ts"
import { memory, serveUsers } from "./servers.ts"

const secret = "postgres://admin:hunter2@db/tasks: relation \"mcp_tasks\" does not exist"

const fault = new TaskStorageUnavailable({
  operation: "TaskStorage.getTask",
  reason: secret,
  retryable: false,
  applied: "no"
})

const broken = Layer.effect(
  TaskStorage,
  Effect.map(TaskStorage, (storage) => {
    const failing = {
      createTask: () => Effect.fail(fault),
      getTask: () => Effect.fail(fault),
      getTaskSummary: () => Effect.fail(fault),
      listTaskSummaries: () => Effect.fail(fault),
      provideInput: () => Effect.fail(fault),
      withSummary: { ...storage.withSummary, updateTaskStatus: () => Effect.fail(fault) }
    }
    return TaskStorage.of({
      ...storage,
      ...failing,
      forSession: (id) => ({ ...storage.forSession(id), ...failing })
    })
  })
).pipe(Layer.provide(memory))

const internal = { code: -32603, message: "The task storage is unavailable. Try again later." }

describe("a broken engine", () => {
  it.live("shows as an internal error without details", () =>
    Effect.gen(function*() {
      const url = yield* serveUsers(broken)
      const client = modern(url, { user: "ann" })
      assert.deepStrictEqual((yield* client.tool("slow_compute", { seconds: 0 })).error, internal)
      assert.deepStrictEqual((yield* client.get("x")).error, internal)
      const answered = yield* client.call("tasks/update", { taskId: "x", inputResponses: { a: {} } })
      assert.deepStrictEqual(answered.error, internal)
      assert.deepStrictEqual((yield* client.call("tasks/cancel", { taskId: "x" })).error, internal)
      const old = yield* legacy(url, { user: "ann" })
      assert.deepStrictEqual((yield* old.task("slow_compute", { seconds: 0 })).error, internal)
      assert.deepStrictEqual((yield* old.call("tasks/get", { taskId: "x" })).error, internal)
      assert.deepStrictEqual((yield* old.call("tasks/list")).error, internal)
    }).pipe(Effect.provide(Logger.layer([]))))
})
