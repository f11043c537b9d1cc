/**
 * A tool whose calls this library runs, in a request or as a task.
 *
 * @since 0.2.0
 */
import type { McpServer, RegisteredTool } from "@modelcontextprotocol/sdk/server/mcp.js"
import { type CallToolResult, CallToolResultSchema, ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js"
import type * as Cause from "effect/Cause"
import type { PromiseTaskContext } from "../../promise/PromiseTaskRunner.ts"
import { workInPromises } from "../../promise/runInPromises.ts"
import type { TaskTool } from "../../protocol/TaskTool.ts"
import { thrownResult, toTaskFailure } from "../../protocol/thrownResult.ts"
import { requireSendable, requireToolResult } from "../../protocol/toolResult.ts"
import { fromMcpError } from "./mcpErrors.ts"
import { checkedArguments, checkResult } from "./sdkSeams.ts"

/** What a tool does. What its arguments are its schema says. */
interface ToolWork {
  run(args: unknown, context: PromiseTaskContext): CallToolResult | Promise<CallToolResult>
}

/**
 * A tool as the protocol runs it.
 *
 * @since 0.2.0
 * @category models
 */
export interface SdkTool extends TaskTool<never> {
  readonly registered: RegisteredTool
  readonly resultOfFailure: (cause: Cause.Cause<unknown>) => CallToolResult
  /** Does the work on arguments that were checked, and gives a result that was. */
  readonly run: (args: unknown, context: PromiseTaskContext) => Promise<CallToolResult>
}

/** A tool that was registered, and how its tasks are run. */
interface Registration extends Pick<SdkTool, "name" | "policy" | "registered"> {
  readonly server: McpServer
  readonly work: ToolWork
  readonly exposeErrors: boolean
}

/**
 * Makes the tool of a registration.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeSdkTool = ({ exposeErrors, name, policy, registered, server, work }: Registration): SdkTool => {
  const run = async (args: unknown, context: PromiseTaskContext): Promise<CallToolResult> => {
    try {
      const result = parseResult(name, await work.run(args, context))
      await checkResult(server, name, registered, result)
      return result
    } catch (error) {
      throw isForClient(error) ? toTaskFailure(fromMcpError(error)) : error
    }
  }
  return {
    name,
    policy,
    registered,
    run,
    // They were valid when the task was created; since then the server may have been replaced.
    work: (call) =>
      workInPromises(async (context) => run(await checkedArguments(server, name, registered, call.arguments), context)),
    resultOfFailure: thrownResult(exposeErrors)
  }
}

const parseResult = (name: string, given: unknown): CallToolResult => {
  const parsed = CallToolResultSchema.safeParse(requireToolResult(name, given))
  if (parsed.success) return requireSendable(name, parsed.data)
  throw new TypeError(`Tool '${name}' gave a result that the protocol has no place for: ${parsed.error.message}`)
}

/** The one error of a tool that the SDK does not make a result of. */
const isForClient = (error: unknown): error is McpError =>
  error instanceof McpError && error.code === ErrorCode.UrlElicitationRequired
