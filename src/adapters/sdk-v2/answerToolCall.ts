/**
 * Calls of tools that may become tasks, on one server.
 *
 * @since 0.2.0
 */
import { type CallToolResult, type McpServer, ProtocolError } from "@modelcontextprotocol/server"
import { callTool } from "../../protocol/callTool.ts"
import type { Tasks } from "../../protocol/Tasks.ts"
import type { ToolAnswer } from "../../protocol/ToolCall.ts"
import { beginCall } from "./beginCall.ts"
import { type SdkAnswer, SdkCall } from "./SdkCall.ts"
import { currentCall } from "./sdkSeams.ts"
import type { ServedTasks } from "./ServedTasks.ts"
import type { CheckedCall, TaskTool } from "./TaskTool.ts"

/**
 * Answers a call by what the protocol makes of it.
 *
 * @since 0.2.0
 * @category handlers
 */
export const answerToolCall = (
  served: ServedTasks,
  mcp: McpServer,
  tool: TaskTool,
  checked: CheckedCall
): Promise<SdkAnswer> =>
  new Promise((resolve, reject) => {
    const { signal } = checked.ctx.mcpReq
    const current = currentCall(checked.ctx)
    const make = (tasks: Tasks) => new SdkCall(tasks, served, mcp, tool, checked, current)
    const answer = (answer: ToolAnswer<SdkAnswer>) => {
      if (answer._tag === "Result") return resolve(answer.result)
      current.answer = { _tag: "Result", result: { ...answer.result } }
      resolve(answeredElsewhere)
    }
    const refuse = (error: unknown) => {
      if (!(error instanceof ProtocolError)) return reject(error)
      current.answer = { _tag: "Error", error }
      resolve(answeredElsewhere)
    }
    // The work of a call that is traced has a span from its beginning.
    if (served.isTracing) served.begin((tasks) => callTool(tasks, make(tasks)), signal, answer, refuse)
    else beginCall(served, signal, make, checked.run, answer, refuse)
  })

/** What the SDK gets for a tool whose answer it does not see. With `isError` it leaves the output schema alone. */
const answeredElsewhere: CallToolResult = { content: [], isError: true }
