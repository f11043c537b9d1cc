/**
 * How a stored call of a tool is run.
 *
 * @since 0.2.0
 */
import type { RegisteredTool } from "@modelcontextprotocol/sdk/server/mcp.js"
import {
  type AnySchema,
  getParseErrorMessage,
  normalizeObjectSchema,
  safeParseAsync
} from "@modelcontextprotocol/sdk/server/zod-compat.js"
import { type CallToolResult, CallToolResultSchema, ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js"
import * as Result from "effect/Result"
import { parseJson } from "../../domain/ArgumentParsers.ts"
import { isObject } from "../../promise/arguments.ts"
import type { PromiseTaskContext, PromiseTaskHandler } from "../../promise/PromiseTaskRunner.ts"
import { TaskFailure } from "../../runner/TaskContext.ts"

/**
 * What a tool does. What its arguments are its schema says.
 *
 * @since 0.2.0
 * @category models
 */
export interface ToolWork {
  run(args: unknown, context: PromiseTaskContext): CallToolResult | Promise<CallToolResult>
}

/**
 * Runs calls of a tool by the request that was stored, in whichever process.
 *
 * @since 0.2.0
 * @category constructors
 */
export const runTool = (
  name: string,
  tool: Pick<RegisteredTool, "inputSchema" | "outputSchema">,
  work: ToolWork
): PromiseTaskHandler["run"] =>
async ({ originalParams }, context) => {
  const given = isObject(originalParams) ? originalParams["arguments"] : undefined
  // They were valid when the task was created; since then the server may have been replaced.
  const args = await parse(tool.inputSchema, given ?? {}, `Invalid arguments for tool ${name}`)
  try {
    const result = CallToolResultSchema.parse(await work.run(args, context))
    if (tool.outputSchema !== undefined && result.isError !== true) {
      await parse(tool.outputSchema, result.structuredContent, `Invalid structured content for tool ${name}`)
    }
    return result
  } catch (error) {
    throw error instanceof McpError ? failureOf(error) : error
  }
}

const parse = async (schema: AnySchema | undefined, value: unknown, what: string): Promise<unknown> => {
  if (schema === undefined) return {}
  const parsed = await safeParseAsync(normalizeObjectSchema(schema) ?? schema, value)
  if (parsed.success) return parsed.data
  throw new TaskFailure({ code: ErrorCode.InvalidParams, message: `${what}: ${getParseErrorMessage(parsed.error)}` })
}

/** The SDK puts the code before the message, and does so again on its way to the client. */
const failureOf = ({ code, data, message }: McpError): TaskFailure => {
  const prefix = `MCP error ${code}: `
  const json = data === undefined ? undefined : Result.getOrUndefined(parseJson("data", data))?.decode()
  return new TaskFailure({
    code,
    message: message.startsWith(prefix) ? message.slice(prefix.length) : message,
    ...(json === undefined ? {} : { data: json })
  })
}
