/** The servers that the suite judges: one with tasks, and Effect's own with the same tools. */
import * as McpProtocol from "effect/ai/McpProtocol"
import * as McpServer from "effect/ai/McpServer"
import * as Layer from "effect/Layer"
import * as McpTasks from "../../../../src/adapters/effect/index.ts"
import type { TaskStorage } from "../../../../src/domain/TaskStorage.ts"
import * as TaskRunner from "../../../../src/runner/index.ts"
import { serve } from "../server.ts"
import { taskTools } from "../tools.ts"
import { commonTools } from "./commonTools.ts"

const server = {
  name: "conformance",
  version: "1.0.0",
  path: "/mcp",
  protocols: [McpProtocol.v2026_07_28, McpProtocol.v2025_11_25]
} as const

export const serveTasks = <E>(storage: Layer.Layer<TaskStorage, E>) =>
  serve(
    McpTasks.layerHttp({
      ...server,
      registrations: Layer.mergeAll(commonTools, taskTools),
      owner: McpTasks.anonymous,
      pollInterval: 100
    }).pipe(Layer.provide(TaskRunner.layer({ shutdownTimeout: 10 })), Layer.provide(storage))
  )

export const servePlain = serve(McpServer.layerHttp({ ...server, registrations: commonTools }))
