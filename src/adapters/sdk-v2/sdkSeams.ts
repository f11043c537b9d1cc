/**
 * What the SDK does not publish: this file alone leans on it.
 *
 * `McpServer` looks a tool up, checks its arguments and calls it; but what a tool gives must be a tool result, and what it
 * throws becomes one. A task is none, nor is a JSON-RPC error. So a tool may leave another answer here, which takes the
 * place of the SDK's, by the map of its request handlers.
 *
 * @since 0.2.0
 */
import type { JSONRPCRequest, McpServer, Result, ServerContext } from "@modelcontextprotocol/server"

/** The answer to the call of a tool that the SDK cannot give. */
type ToolAnswer =
  | { readonly _tag: "Result"; readonly result: Result }
  | { readonly _tag: "Error"; readonly error: Error }

/**
 * A call in progress.
 *
 * @since 0.2.0
 * @category models
 */
export interface CurrentCall {
  /** The arguments as they came, before the schema of the tool touched them. */
  readonly arguments: unknown
  /** Takes the place of what the tool gives to the SDK. */
  answer: ToolAnswer | undefined
}

type Handler = (request: JSONRPCRequest, ctx: ServerContext) => Promise<Result>

/** Contexts are copied on their way to a tool; the signal of a request stays the same. */
const calls = new WeakMap<AbortSignal, CurrentCall>()

const intercepted = new WeakSet<McpServer>()

/**
 * Lets the tools of a server answer for themselves. Its tools must have been registered, one at least. Doing it again
 * does nothing.
 *
 * @since 0.2.0
 * @category constructors
 */
export const interceptToolCalls = (mcp: McpServer): void => {
  if (intercepted.has(mcp)) return
  const handlers: unknown = Reflect.get(mcp.server, "_requestHandlers")
  const original: Handler | undefined = handlers instanceof Map ? handlers.get("tools/call") : undefined
  if (!(handlers instanceof Map) || typeof original !== "function") {
    throw new Error(
      "This version of @modelcontextprotocol/server keeps its request handlers where mcp-task-storage does not find " +
        "them. Use a version that mcp-task-storage names as a peer dependency."
    )
  }
  const handler: Handler = async (request, ctx) => {
    const call: CurrentCall = {
      arguments: request.params?.["arguments"],
      answer: undefined
    }
    calls.set(ctx.mcpReq.signal, call)
    const result = await original(request, ctx)
    if (call.answer === undefined) return result
    if (call.answer._tag === "Error") throw call.answer.error
    return call.answer.result
  }
  handlers.set("tools/call", handler)
  intercepted.add(mcp)
}

/**
 * Finds the call that a tool is to answer.
 *
 * @since 0.2.0
 * @category accessors
 */
export const currentCall = (ctx: ServerContext): CurrentCall => {
  const call = calls.get(ctx.mcpReq.signal)
  if (call === undefined) throw new Error("The call did not come through the server that tasks are attached to")
  return call
}

/**
 * Gives what a server says of itself with every result; `undefined` where that is not found, which results can do without.
 *
 * @since 0.2.0
 * @category accessors
 */
export const serverInfoOf = ({ server }: McpServer): unknown => Reflect.get(server, "_serverInfo")
