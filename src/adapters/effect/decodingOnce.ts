/**
 * Requests that are decoded once.
 *
 * Effect's server decodes the `_meta` of a request to see who asks, then all that came with the request to check it, and the same again
 * for its handler. That is a large part of the time that a short call takes.
 *
 * @since 0.2.0
 */
import type * as McpProtocol from "effect/ai/McpProtocol"
import * as Effect from "effect/Effect"
import * as RpcGroup from "effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import { type BaseRequest, fieldsOf, requestOf } from "./effectSeams.ts"

/**
 * Makes an adapter decode each part of its requests once.
 *
 * @since 0.2.0
 * @category combinators
 */
export const decodingOnce = <Adapter extends McpProtocol.ProtocolAdapter>(adapter: Adapter): Adapter => {
  const metadata = new LastDecoded()
  const requests = [...adapter.clientRpcs.requests.keys()].map((method) => requestOf(adapter.clientRpcs, method))
  return {
    ...adapter,
    runtime: noting(metadata, adapter.runtime),
    clientRpcs: RpcGroup.make(...requests.map((request) => decodedOnce(adapter, request, metadata)))
  }
}

/** What was decoded last, until it is asked for. A server that turns to another request in between decodes it again. */
class LastDecoded {
  #from: object | undefined
  #decoded: unknown

  keep(from: unknown, decoded: unknown): void {
    if (typeof from !== "object" || from === null) return
    this.#from = from
    this.#decoded = decoded
  }

  /** Gives what was decoded of a value, once, or decodes it. */
  orElse<E>(from: unknown, decode: (from: unknown) => Effect.Effect<unknown, E>): Effect.Effect<unknown, E> {
    if (this.#from === undefined || this.#from !== from) return decode(from)
    const decoded = this.#decoded
    this.#from = undefined
    this.#decoded = undefined
    return Effect.succeed(decoded)
  }
}

/** Makes a protocol without sessions note the `_meta` that it decodes. */
const noting = (metadata: LastDecoded, runtime: McpProtocol.RuntimeDescriptor): McpProtocol.RuntimeDescriptor =>
  runtime._tag === "Stateful" ? runtime : {
    ...runtime,
    profileFromRequestMetadata: (raw) =>
      // @effect-diagnostics-next-line anyUnknownInErrorContext:off the type that Effect gives it
      Effect.mapEager(runtime.profileFromRequestMetadata(raw), (profile) => {
        metadata.keep(raw, profile.requestMetadata)
        return profile
      })
  }

const decodedOnce = (
  { clientNotificationRpcs, payloadCodecs, runtime }: McpProtocol.ProtocolAdapter,
  request: BaseRequest,
  metadata: LastDecoded
): BaseRequest => {
  // Effect decodes notifications once, and reads no `_meta` of theirs.
  if (clientNotificationRpcs.requests.has(request._tag)) return request
  const { payloadSchema } = request
  const decoderOf = (schema: Schema.Constraint) => payloadCodecs(request.setPayload(schema)).decode
  const payload = new LastDecoded()
  const decode = decoderOf(runtime._tag === "Stateful" ? payloadSchema : withMeta(payloadSchema, metadata, decoderOf))
  return request.setPayload(
    declared((raw) =>
      payload.orElse(raw, () =>
        Effect.mapEager(decode(raw), (decoded) => {
          payload.keep(raw, decoded)
          return decoded
        }))
    )
  )
}

type Decode = McpProtocol.PayloadCodecs["decode"]

/** Makes the schema of a payload take its `_meta` as it was decoded before. */
const withMeta = (
  payloadSchema: Schema.Top,
  metadata: LastDecoded,
  decoderOf: (schema: Schema.Constraint) => Decode
) => {
  const fields = fieldsOf(payloadSchema, "the payload of a request")
  const meta = fields["_meta"]
  if (meta === undefined || SchemaAST.isOptional(meta.ast)) return payloadSchema
  const decode = decoderOf(meta)
  return Schema.Struct({ ...fields, _meta: declared((raw) => metadata.orElse(raw, decode)) })
}

/** Describes what is decoded by a function. */
const declared = (decode: Decode): Schema.Top =>
  Schema.declareConstructor<unknown>()(
    [],
    () => (raw, ast, options) =>
      Effect.mapErrorEager(
        decode(raw),
        (error) => Schema.isSchemaError(error) ? error.issue : new SchemaIssue.InvalidType(ast, raw, options)
      ),
    // Its form in JSON is decoded by that function too.
    { toCodecJson: () => undefined }
  )
