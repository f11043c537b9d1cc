/**
 * What the SDK knows of a request, as the protocol takes it.
 *
 * @since 0.2.0
 */
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  type McpServer,
  PROTOCOL_VERSION_META_KEY,
  ProtocolError,
  type ServerContext,
  type StandardSchemaV1
} from "@modelcontextprotocol/server"
import * as Effect from "effect/Effect"
import { longestTimer } from "../../domain/effects/longestTimer.ts"
import type { SendProgress } from "../../protocol/ProgressSender.ts"
import { type Ask, ListenerGone } from "../../protocol/Questions.ts"
import { ownProperty, type TaskClient } from "../../protocol/TaskClient.ts"
import { wireError } from "../../protocol/WireError.ts"

/** The revision of clients that nothing is known of. */
const legacyRevision = "2025-11-25"

/**
 * Gives the client of an envelope, which is the `_meta` of a request; `undefined` where there is none, as before revision
 * 2026-07-28.
 *
 * @since 0.2.0
 * @category accessors
 */
export const envelopeClient = (envelope: unknown): TaskClient | undefined => {
  const protocolVersion = ownProperty(envelope, PROTOCOL_VERSION_META_KEY)
  return typeof protocolVersion !== "string" ? undefined : {
    protocolVersion,
    clientCapabilities: ownProperty(envelope, CLIENT_CAPABILITIES_META_KEY),
    clientInfo: ownProperty(envelope, CLIENT_INFO_META_KEY)
  }
}

/**
 * Gives the client that a server is connected to, for a request without an envelope.
 *
 * @since 0.2.0
 * @category accessors
 */
export const clientOfConnection = ({ server }: McpServer): TaskClient => ({
  protocolVersion: server.getNegotiatedProtocolVersion() ?? legacyRevision,
  clientCapabilities: server.getClientCapabilities(),
  clientInfo: server.getClientVersion()
})

/**
 * Gives the answers of a request, by key. The SDK leaves out those that are no results, and takes the one under the key
 * `__proto__` for a prototype.
 *
 * @since 0.2.0
 * @category accessors
 */
export const inputResponsesOf = ({ mcpReq }: ServerContext): Readonly<Record<string, unknown>> | undefined => {
  const { droppedInputResponseKeys = [], inputResponses } = mcpReq
  if (inputResponses === undefined) return undefined
  const prototype: unknown = Object.getPrototypeOf(inputResponses)
  return Object.fromEntries([
    ...Object.entries(inputResponses),
    ...droppedInputResponseKeys.map((key) => [key, undefined] as const),
    ...(prototype === Object.prototype ? [] : [["__proto__", prototype] as const])
  ])
}

/**
 * Makes what asks the client of a call on its stream; `undefined` where no request reaches it: from revision 2026-07-28 on, and
 * on stateless HTTP.
 *
 * @since 0.2.0
 * @category constructors
 */
export const askOfCall = ({ server }: McpServer, { mcpReq }: ServerContext): Ask | undefined => {
  if (envelopeClient(mcpReq.envelope) !== undefined || server.getClientCapabilities() === undefined) return undefined
  return (question) =>
    Effect.tryPromise({
      // How long a question may take, the protocol says; the SDK must have some bound.
      try: (signal) => mcpReq.send({ ...question }, anything, { signal, timeout: longestTimer }),
      catch: (error) => error instanceof ProtocolError ? wireError(error) : new ListenerGone()
    })
}

/**
 * Takes anything. What an answer or the params of a request have to be, the protocol says, in words that quote nothing.
 *
 * @since 0.2.0
 * @category schemas
 */
export const anything: StandardSchemaV1<unknown> = {
  "~standard": { version: 1, vendor: "mcp-task-storage", validate: (value) => ({ value }) }
}

/**
 * Makes what sends `notifications/progress` on the stream of a call. One that has gone takes no more.
 *
 * @since 0.2.0
 * @category constructors
 */
export const progressOfCall = ({ mcpReq }: ServerContext): SendProgress => (params) =>
  Effect.ignore(Effect.tryPromise(() => mcpReq.notify({ method: "notifications/progress", params: { ...params } })))
