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
import { isObject } from "../../promise/arguments.ts"

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
export class CurrentCall {
  /** The arguments as they came, before the schema of the tool touched them. */
  readonly arguments: unknown
  /** Takes the place of what the tool gives to the SDK. */
  answer: ToolAnswer | undefined = undefined

  constructor(given: unknown) {
    this.arguments = given
  }
}

type Handler = (request: JSONRPCRequest, ctx: ServerContext) => Promise<Result>

/**
 * Where the signal of a request keeps its call: contexts are copied on their way to a tool, and the signal stays the same. No
 * `WeakMap` does it: one that gets an entry with each request makes garbage collection dear.
 */
const current = Symbol("mcp-task-storage/call")

type SignalOfCall = AbortSignal & { [current]?: CurrentCall }

/** Where a server keeps what it is attached to, for the same reason. */
const attachment = Symbol("mcp-task-storage/attachment")

/** What a server is attached to, and its handler that lets tools answer for themselves. */
interface Attachment {
  readonly to: object
  handler: Handler | undefined
}

type AttachedServer = McpServer & { [attachment]?: Attachment }

/**
 * Gives what a server is attached to, if anything.
 *
 * @since 0.2.0
 * @category accessors
 */
export const attachedTo = (mcp: McpServer): object | undefined => {
  const server: AttachedServer = mcp
  return server[attachment]?.to
}

/**
 * Attaches a server to something.
 *
 * @since 0.2.0
 * @category combinators
 */
export const attachTo = (mcp: McpServer, to: object): void => {
  const server: AttachedServer = mcp
  server[attachment] = { to, handler: undefined }
}

/**
 * Lets the tools of an attached server answer for themselves. At least one must have been registered. Doing it again does nothing.
 *
 * @since 0.2.0
 * @category constructors
 */
export const interceptToolCalls = (mcp: McpServer): void => {
  const { [attachment]: attached }: AttachedServer = mcp
  const handlers: unknown = Reflect.get(mcp.server, "_requestHandlers")
  const original: Handler | undefined = handlers instanceof Map ? handlers.get("tools/call") : undefined
  if (original !== undefined && original === attached?.handler) return
  if (!(handlers instanceof Map) || typeof original !== "function" || attached === undefined) {
    throw new Error(
      "This version of @modelcontextprotocol/server keeps its request handlers where mcp-task-storage does not find " +
        "them. Use a version that mcp-task-storage names as a peer dependency."
    )
  }
  attached.handler = async (request, ctx) => {
    const call = new CurrentCall(request.params?.["arguments"])
    const signal: SignalOfCall = ctx.mcpReq.signal
    signal[current] = call
    const result = await original(request, ctx)
    if (call.answer === undefined) return result
    if (call.answer._tag === "Error") throw call.answer.error
    return call.answer.result
  }
  handlers.set("tools/call", attached.handler)
}

/**
 * Finds the call that a tool is to answer.
 *
 * @since 0.2.0
 * @category accessors
 */
export const currentCall = (ctx: ServerContext): CurrentCall => {
  const { [current]: call }: SignalOfCall = ctx.mcpReq.signal
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

/**
 * Gives a server the JSON schema of a tool's arguments. It looks at that before each call, to compare headers with it, and would make
 * it anew for the one request that it may be there for: that takes longer than all that tasks add to a call. What it lists it makes
 * anew all the same, since a client of the same process may write into that.
 *
 * @since 0.2.0
 * @category combinators
 */
export const knowInputSchema = (mcp: McpServer, tool: string, json: Readonly<Record<string, unknown>>): void => {
  const known: unknown = Reflect.get(mcp, "_toolInputSchemaJson")
  if (isObject(known)) Reflect.set(known, tool, json)
}
