/**
 * What is leant on that the official SDK does not publish. A version that moves it fails when a tool is registered, with a
 * message that says so.
 *
 * @since 0.2.0
 */
import type { McpServer, RegisteredTool } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js"
import type { RequestId, ServerNotification, ServerRequest } from "@modelcontextprotocol/sdk/types.js"
import * as Predicate from "effect/Predicate"

/**
 * What the SDK knows of a request.
 *
 * @since 0.2.0
 * @category models
 */
export type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>

/**
 * Answers a request as it came.
 *
 * @since 0.2.0
 * @category models
 */
export type RawHandler = (request: unknown, extra: Extra) => Promise<unknown>

const moved = (what: string): Error =>
  new Error(
    `This version of @modelcontextprotocol/sdk keeps ${what} where mcp-task-storage does not find it. Use a version that ` +
      "mcp-task-storage names as a peer dependency."
  )

/**
 * Throws where a server keeps what is leant on in another place.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireSeams = (server: McpServer): void => {
  toolOf(server, "")
  for (const name of [inputCheck, resultCheck]) method(server, name)
}

/**
 * Gives the store that a server was made with.
 *
 * @since 0.2.0
 * @category accessors
 */
export const storeOf = (server: McpServer): unknown => Reflect.get(server.server, "_taskStore")

/**
 * Puts another handler in the place of the one that answers a method. The SDK looks neither at its request nor at its answer.
 *
 * @since 0.2.0
 * @category combinators
 */
export const replaceHandler = (
  server: McpServer,
  method: string,
  replace: (original: RawHandler) => RawHandler
): void => {
  const handlers: unknown = Reflect.get(server.server, "_requestHandlers")
  const original = isHandlers(handlers) ? handlers.get(method) : undefined
  if (!isHandlers(handlers) || original === undefined) throw moved("its request handlers")
  handlers.set(method, replace(original))
}

const isHandlers = (value: unknown): value is Map<string, RawHandler> => value instanceof Map

/**
 * Gives the tool that a server has under a name.
 *
 * @since 0.2.0
 * @category accessors
 */
export const toolOf = (server: McpServer, name: string): RegisteredTool | undefined => {
  const tools: unknown = Reflect.get(server, "_registeredTools")
  if (!Predicate.isReadonlyObject(tools)) throw moved("the tools of a server")
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined
  return isTool(tool) ? tool : undefined
}

const isTool = (value: unknown): value is RegisteredTool =>
  Predicate.hasProperty(value, "handler") && Predicate.hasProperty(value, "enabled")

/**
 * Checks the arguments of a call as the SDK does, and gives what the schema of the tool makes of them. Rejects with the error
 * that the SDK has for wrong ones.
 *
 * @since 0.2.0
 * @category parsers
 */
export const checkedArguments = async (
  server: McpServer,
  name: string,
  tool: RegisteredTool,
  args: unknown
): Promise<unknown> => await Reflect.apply(method(server, inputCheck), server, [tool, args, name]) ?? {}

/**
 * Holds the result of a tool to its output schema, as the SDK does. Rejects with the error that the SDK has for wrong ones.
 *
 * @since 0.2.0
 * @category parsers
 */
export const checkResult = async (
  server: McpServer,
  name: string,
  tool: RegisteredTool,
  result: unknown
): Promise<void> => {
  await Reflect.apply(method(server, resultCheck), server, [tool, result, name])
}

const inputCheck = "validateToolInput"
const resultCheck = "validateToolOutput"

const method = (server: McpServer, name: string): CallableFunction => {
  const found: unknown = Reflect.get(server, name)
  if (typeof found !== "function") throw moved("the checks of tools")
  return found
}

/**
 * Tells what the answer to a request is written to: a stream that carries requests to the client too; one that is lost; or
 * a single JSON text, which carries the answer alone. What cannot be known counts as a stream.
 *
 * @since 0.2.0
 * @category accessors
 */
export const answerStream = (server: McpServer, requestId: RequestId): "stream" | "lost" | "json" => {
  const web = webTransport(server.server.transport)
  if (!Predicate.isReadonlyObject(web)) return "stream"
  const { _requestToStreamMapping: requests, _streamMapping: streams } = web
  if (!(requests instanceof Map) || !(streams instanceof Map)) return "stream"
  const stream: unknown = streams.get(requests.get(requestId))
  if (stream === undefined) return "lost"
  return Predicate.hasProperty(stream, "resolveJson") ? "json" : "stream"
}

/**
 * Tells how many bytes of a request a transport reads, which holds for nothing but what it reads itself. What cannot be known is no limit.
 *
 * @since 0.2.0
 * @category accessors
 */
export const transportBytes = (transport: object): number => {
  const web = webTransport(transport)
  const bytes: unknown = Predicate.isReadonlyObject(web) ? web["_maxRequestBodySize"] : undefined
  return typeof bytes === "number" ? bytes : Infinity
}

/** That of Node does all through another one. */
const webTransport = (transport: object | undefined): unknown =>
  transport === undefined ? undefined : Reflect.get(transport, "_webStandardTransport") ?? transport

interface Input {
  once(event: "end" | "close", heard: () => void): unknown
  readonly readableEnded: boolean
}

/**
 * Gives the input of a server on standard input and output, by whose end it hears that its client has gone.
 *
 * @since 0.2.0
 * @category accessors
 */
export const stdioInput = (server: McpServer): Input | undefined => {
  const { transport } = server.server
  const input: unknown = transport instanceof StdioServerTransport ? Reflect.get(transport, "_stdin") : undefined
  return isInput(input) ? input : undefined
}

const isInput = (value: unknown): value is Input =>
  Predicate.hasProperty(value, "once") && Predicate.hasProperty(value, "readableEnded")
