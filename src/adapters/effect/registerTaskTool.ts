/**
 * Registration of tools that may become tasks.
 *
 * @since 0.2.0
 */
import type { McpServer } from "effect/ai/McpServer"
import * as Effect from "effect/Effect"
import type { TaskServerShape } from "./TaskServer.ts"
import { answerCall, taskHandler, type TaskTool } from "./TaskTool.ts"

type Registration = Parameters<McpServer["Service"]["addTool"]>[0]

/**
 * Registers a tool with the server, and with the runner, so that its tasks run here whoever created them.
 *
 * @since 0.2.0
 * @category registration
 */
export const registerTaskTool = Effect.fnUntraced(function*(
  server: TaskServerShape,
  mcp: McpServer["Service"],
  registration: Omit<Registration, "handle">,
  tool: TaskTool
) {
  server.tools.set(tool.name, tool.support)
  yield* server.runner.register(taskHandler(tool, server.boundedTtl))
  yield* mcp.addTool({ ...registration, handle: answerCall(tool) })
})
