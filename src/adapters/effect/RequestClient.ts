/**
 * The client of a request, as the protocol knows it and as tools see it.
 *
 * @since 0.2.0
 */
import * as McpSchema from "effect/ai/McpSchema"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { clientOf, type TaskClient } from "../../protocol/TaskClient.ts"

const Client = Schema.toCodecJson(Schema.Struct({
  protocolVersion: Schema.String,
  // What a request has are no instances of these classes.
  clientCapabilities: Schema.Struct(McpSchema.ClientCapabilities.fields),
  clientInfo: Schema.optional(Schema.Struct(McpSchema.Implementation.fields))
}))

const encodeCapabilities = Schema.encodeUnknownSync(
  Schema.toCodecJson(Schema.Struct(McpSchema.ClientCapabilities.fields))
)
const encodeInfo = Schema.encodeUnknownSync(Schema.toCodecJson(Schema.Struct(McpSchema.Implementation.fields)))
const decode = Schema.decodeUnknownOption(Client)

/**
 * Gives the client of a request. Its form in JSON is made when its call becomes a task.
 *
 * @since 0.2.0
 * @category accessors
 */
export const clientOfRequest = (
  { clientCapabilities, clientInfo, protocolVersion }: McpSchema.McpRequestContext["Service"]
): TaskClient => ({
  protocolVersion,
  clientCapabilities,
  clientInfo,
  toStored: () => ({
    protocolVersion,
    clientCapabilities: encodeCapabilities(clientCapabilities),
    clientInfo: clientInfo === undefined ? undefined : encodeInfo(clientInfo)
  })
})

/**
 * Gives what a worker knows of the request: who the client is and what it can do, and no connection to it.
 *
 * @since 0.2.0
 * @category accessors
 */
export const requestContextOf = (task: TaskRecord): McpSchema.McpRequestContext["Service"] =>
  McpSchema.McpRequestContext.of({
    clientId: noClient,
    ...Option.getOrElse(decode(clientOf(task)), () => ({
      protocolVersion: "2026-07-28",
      clientCapabilities: new McpSchema.ClientCapabilities({})
    }))
  })

/** Clients are numbered from zero. */
const noClient = -1
