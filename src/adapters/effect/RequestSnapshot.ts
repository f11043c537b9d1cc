/**
 * What a task keeps of the request that created it, for tools that look at their client.
 *
 * @since 0.2.0
 */
import * as McpSchema from "effect/ai/McpSchema"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { TaskRecord } from "../../domain/TaskRecord.ts"

const metaKey = "mcp-task-storage/request"

const Snapshot = Schema.toCodecJson(Schema.Struct({
  protocolVersion: Schema.String,
  // What a request has are no instances of these classes.
  clientCapabilities: Schema.Struct(McpSchema.ClientCapabilities.fields),
  clientInfo: Schema.optional(Schema.Struct(McpSchema.Implementation.fields))
}))

const encode = Schema.encodeUnknownOption(Snapshot)
const decode = Schema.decodeUnknownOption(Snapshot)

/**
 * Gives the `meta` of a task of the present request.
 *
 * @since 0.2.0
 * @category constructors
 */
export const requestMeta: Effect.Effect<{ readonly [key: string]: unknown }, never, McpSchema.McpRequestContext> =
  Effect
    .map(
      McpSchema.McpRequestContext,
      ({ clientCapabilities, clientInfo, protocolVersion }) =>
        Option.match(encode({ protocolVersion, clientCapabilities, clientInfo }), {
          onNone: () => ({}),
          onSome: (snapshot) => ({ [metaKey]: snapshot })
        })
    )

/**
 * Gives what a worker knows of the request: who the client is and what it can do, and no connection to it.
 *
 * @since 0.2.0
 * @category accessors
 */
export const requestContextOf = (task: TaskRecord): McpSchema.McpRequestContext["Service"] =>
  McpSchema.McpRequestContext.of({
    clientId: noClient,
    ...Option.getOrElse(decode(task.meta?.[metaKey]), () => ({
      protocolVersion: "2026-07-28",
      clientCapabilities: new McpSchema.ClientCapabilities({})
    }))
  })

/** Clients are numbered from zero. */
const noClient = -1
