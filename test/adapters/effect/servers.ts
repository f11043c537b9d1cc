/** Servers with tasks for the tests of the wire. */
import * as McpProtocol from "effect/ai/McpProtocol"
import * as McpSchema from "effect/ai/McpSchema"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import type { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import * as MemoryTaskStorage from "../../../src/layers/MemoryTaskStorage.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { serve } from "./server.ts"
import { taskTools } from "./tools.ts"

/** Whoever says that they are somebody is; who says nothing is refused. */
export const userOfHeader = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) => {
  const user = headers["x-user"]
  return user === undefined
    ? Effect.fail(new McpSchema.McpErrorBase({ code: -32001, message: "Who are you?" }))
    : Effect.succeed(user)
})

export const bothRevisions = [McpProtocol.v2026_07_28, McpProtocol.v2025_11_25] as const

/** A server whose tasks are bound to the user in a header. */
export const serveUsers = <E>(
  storage: Layer.Layer<TaskStorage, E>,
  options: { readonly inputOnPoll?: boolean } = {}
) =>
  serve(
    McpTasks.layerHttp({
      name: "test",
      version: "1.0.0",
      path: "/mcp",
      protocols: bothRevisions,
      registrations: taskTools,
      owner: userOfHeader,
      pollInterval: 100,
      ...options
    }).pipe(Layer.provide(TaskRunner.layer({ shutdownTimeout: 10 })), Layer.provide(Layer.fresh(storage)))
  )

export const memory = Layer.fresh(MemoryTaskStorage.layer())
