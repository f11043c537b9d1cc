/**
 * All that leans on shapes of Effect's MCP server that are not part of its public types: how a protocol adapter installs
 * its handlers, how a toolkit finds those of its tools, and how a server asks its client. Whatever is not as expected
 * fails with a message that says so.
 *
 * @since 0.2.0
 */
import type * as McpProtocol from "effect/ai/McpProtocol"
import type * as McpSchema from "effect/ai/McpSchema"
import type * as Tool from "effect/ai/Tool"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Rpc from "effect/rpc/Rpc"
import * as RpcClient from "effect/rpc/RpcClient"
import type { RpcClientError } from "effect/rpc/RpcClientError"
import * as RpcGroup from "effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { type JsonRpcFailure, WireError } from "../../protocol/WireError.ts"
import { leavingEarly, type ToolCore } from "./EarlyAnswer.ts"

/** What a handler gets beside its payload. */
export interface RequestInfo {
  readonly client: { readonly id: number }
  readonly requestId: string | number
}

/** A handler of a request; `R` is what it takes from the request, beyond what Effect's own handlers take. */
export type Handler<R = never> = (
  payload: unknown,
  request: RequestInfo
) => Effect.Effect<unknown, JsonRpcFailure, R | McpSchema.McpRequestContext | McpSchema.McpServerClient | Scope.Scope>

/**
 * Makes a handler of requests whose payload has been decoded by their schema.
 *
 * @since 0.2.0
 * @category constructors
 */
export const handlerOf = <Payload, R>(
  schema: Schema.Schema<Payload>,
  handle: (payload: Payload, request: RequestInfo) => ReturnType<Handler<R>>
): Handler<R> => {
  const isDecoded = Schema.is(schema)
  return (payload, request) =>
    isDecoded(payload) ? handle(payload, request) : Effect.die(new Error("A request for a task came undecoded"))
}

/** Finds a handler of Effect's own. */
type FindHandler = (method: string) => Handler

interface Notification {
  readonly tag: string
  readonly payload: unknown
}

export type SendNotification = (
  protocolVersion: string,
  clientId: number,
  notification: Notification
) => Effect.Effect<void>

/** What the server tells the handlers of an adapter. */
export interface InstallationContext {
  /** Absent where the transport has no notifications. */
  readonly sendNotification?: SendNotification | undefined
  readonly serverInfo: Pick<McpSchema.Implementation, "name" | "version" | "description" | "websiteUrl" | "icons">
}

/** How an adapter differs from the one that it is derived of. */
export interface Derivation<R> {
  /** Requests that take the place of those of the same name, or come in addition. */
  readonly requests: ReadonlyArray<Rpc.Any>
  readonly notifications: ReadonlyArray<Rpc.AnyWithProps>
  readonly handlers: (base: FindHandler, context: InstallationContext) => { readonly [method: string]: Handler<R> }
  readonly context?: ((context: InstallationContext) => InstallationContext) | undefined
  /** Gives the answer to a call, on the wire, of a result that needs none of Effect's schemas. */
  readonly answerEarly?:
    | ((context: InstallationContext) => (result: unknown) => Readonly<Record<string, unknown>> | undefined)
    | undefined
}

interface InstallationTarget {
  readonly context: InstallationContext
  readonly install: (
    protocol: unknown,
    requests: RpcGroup.RpcGroup<Rpc.Any>,
    handlers: { readonly [method: string]: unknown }
  ) => Effect.Effect<void>
}

/** Says that this version of Effect is not the one that this library was built for. */
const moved = (what: string): Error =>
  new Error(
    `mcp-task-storage/mcp does not fit this version of Effect: ${what} is not where it was in effect 4.1. ` +
      "Use effect ~4.1, or a newer mcp-task-storage."
  )

/**
 * Derives a protocol adapter.
 *
 * @since 0.2.0
 * @category constructors
 */
export const deriveProtocol = <Adapter extends McpProtocol.ProtocolAdapter, R>(
  base: Adapter,
  derivation: Derivation<R>
): Adapter => ({
  ...base,
  // Where an adapter has these, HTTP answers 404 to any other request.
  handlerRpcs: undefined,
  clientRpcs: withRequests(base.clientRpcs, derivation.requests),
  serverNotificationRpcs: withRequests(base.serverNotificationRpcs, derivation.notifications),
  makeReverseClient: (profile: unknown) => makeReverseClient(base, profile),
  installHandlers: (core: unknown, lifecycle: unknown, target: unknown) => {
    if (!isInstallationTarget(target)) return Effect.die(moved("the target of installHandlers"))
    const context = derivation.context?.(target.context) ?? target.context
    const answerEarly = derivation.answerEarly?.(context)
    if (answerEarly !== undefined) {
      if (!isToolCore(core)) return Effect.die(moved("the tools of a server"))
      core = leavingEarly(core, answerEarly)
    }
    // @effect-diagnostics-next-line anyUnknownInErrorContext:off the type that Effect gives it
    return base.installHandlers(core, lifecycle, {
      context,
      install: (protocol: unknown, requests: unknown, handlers: unknown) => {
        if (!isRequestGroup(requests) || !Predicate.isReadonlyObject(handlers)) {
          return Effect.die(moved("what installHandlers installs"))
        }
        const find: FindHandler = (method) => {
          const handler: unknown = handlers[method]
          if (!isHandler(handler)) throw moved(`the handler of ${method}`)
          return handler
        }
        return Effect.suspend(() =>
          target.install(protocol, withRequests(requests, derivation.requests), {
            ...handlers,
            ...derivation.handlers(find, context)
          })
        )
      }
    })
  }
})

const isInstallationTarget = (u: unknown): u is InstallationTarget =>
  Predicate.hasProperty(u, "install") && Predicate.isFunction(u.install) &&
  Predicate.hasProperty(u, "context") && Predicate.hasProperty(u.context, "serverInfo")

const isToolCore = (u: unknown): u is ToolCore =>
  Predicate.hasProperty(u, "tools") && Predicate.hasProperty(u.tools, "call") && Predicate.isFunction(u.tools.call)

const isRequestGroup = (u: unknown): u is { readonly requests: ReadonlyMap<string, Rpc.Any> } =>
  Predicate.hasProperty(u, "requests") && u.requests instanceof Map

const isHandler = (u: unknown): u is Handler => Predicate.isFunction(u)

const withRequests = <R extends Rpc.Any>(
  group: { readonly requests: ReadonlyMap<string, R> },
  added: ReadonlyArray<R>
): RpcGroup.RpcGroup<R> =>
  RpcGroup.make(...new Map([...group.requests, ...added.map((rpc) => [rpc._tag, rpc] as const)]).values())

/** A request as its adapter describes it. */
export interface BaseRequest extends Rpc.AnyWithProps {
  readonly setSuccess: (schema: Schema.Top) => BaseRequest
  readonly setPayload: (schema: Schema.Constraint) => BaseRequest
}

/**
 * Finds a request, or a notification, of an adapter.
 *
 * @since 0.2.0
 * @category accessors
 */
export const requestOf = (
  group: { readonly requests: ReadonlyMap<string, unknown> },
  method: string
): BaseRequest => {
  const request = group.requests.get(method)
  if (!isBaseRequest(request)) throw moved(`the request ${method}`)
  return request
}

const isBaseRequest = (u: unknown): u is BaseRequest =>
  Predicate.hasProperty(u, "setSuccess") && Predicate.hasProperty(u, "setPayload") &&
  Predicate.hasProperty(u, "payloadSchema") && Predicate.hasProperty(u, "successSchema")

/**
 * Describes results that have their form on the wire already. They go there as they are.
 *
 * @since 0.2.0
 * @category schemas
 */
export const Encoded: Schema.Top = Schema.Any

/**
 * Gives the fields of a struct, such as those of the payload of a request.
 *
 * @since 0.2.0
 * @category accessors
 */
export const fieldsOf = (schema: unknown, name: string): Schema.Struct.Fields => {
  if (!isStruct(schema)) throw moved(name)
  return schema.fields
}

const isStruct = (u: unknown): u is Schema.Struct<Schema.Struct.Fields> =>
  Predicate.hasProperty(u, "fields") && Predicate.isReadonlyObject(u.fields)

/**
 * Makes the encoder of the results of a request, as the adapter writes them.
 *
 * @since 0.2.0
 * @category converting
 */
export const resultEncoder = (
  adapter: McpProtocol.ProtocolAdapter,
  request: BaseRequest
): (result: unknown) => Effect.Effect<Readonly<Record<string, unknown>>> => {
  // An adapter has codecs for payloads alone; a request whose payload is the result has them for results.
  const { encode } = adapter.payloadCodecs(request.setPayload(request.successSchema))
  return (result) =>
    Effect.matchCauseEffectEager(encode(result), {
      onSuccess: (encoded) =>
        Predicate.isReadonlyObject(encoded) ? Effect.succeed(encoded) : Effect.die(moved("a result")),
      onFailure: (cause) => Effect.die(Cause.squash(cause))
    })
}

/** Sends any request to the client, as it is. */
export interface RawClient {
  readonly request: (
    method: string,
    params: Readonly<Record<string, unknown>>
  ) => Effect.Effect<unknown, RpcClientError | WireError>
}

/**
 * Gives the raw side of a client that an adapter made which {@link deriveProtocol} derived.
 *
 * @since 0.2.0
 * @category accessors
 */
export const rawClient = (client: McpSchema.McpReverseClient): RawClient => {
  if (!isRawClient(client)) throw moved("the client of a request")
  return client
}

const isRawClient = (client: McpSchema.McpReverseClient): client is McpSchema.McpReverseClient & RawClient =>
  Predicate.hasProperty(client, "request") && Predicate.isFunction(client.request)

/** Effect's own client, which writes three requests and no `_meta` with one of them, and beside it one that writes any. */
const makeReverseClient = Effect.fnUntraced(function*(base: McpProtocol.ProtocolAdapter, profile: unknown) {
  const scope = yield* Effect.scope
  const protocol = yield* hearingAll(yield* RpcClient.Protocol)
  const client = yield* Effect.provideService(base.makeReverseClient(profile), RpcClient.Protocol, protocol)
  const makeSender = (method: string) =>
    RpcClient.make(
      RpcGroup.make(Rpc.make(method, { payload: Schema.Unknown, success: Schema.Unknown, error: WireError })),
      { flatten: true, spanPrefix: "McpServer/Client" }
    ).pipe(
      Effect.provideService(RpcClient.Protocol, protocol),
      Effect.provideService(Scope.Scope, scope),
      Effect.map((send) => (params: unknown) => send(method, params))
    )
  const senders = new Map<string, Effect.Success<ReturnType<typeof makeSender>>>()
  const request: RawClient["request"] = Effect.fnUntraced(function*(method, params) {
    const sender = senders.get(method) ?? (yield* makeSender(method))
    senders.set(method, sender)
    return yield* sender(params)
  })
  return { ...client, request }
})

/** The server gives an answer to the client that asked last; here all of them hear it, and the one that asked knows. */
const hearingAll = (protocol: RpcClient.Protocol["Service"]): Effect.Effect<RpcClient.Protocol["Service"]> =>
  Effect.sync(() => {
    type Hear = Parameters<RpcClient.Protocol["Service"]["run"]>[1]
    const all = new Set<Hear>()
    return {
      ...protocol,
      run: (clientId, hear) => {
        all.add(hear)
        return Effect.ensuring(
          protocol.run(clientId, (message) => Effect.forEach(all, (each) => each(message), { discard: true })),
          Effect.sync(() => all.delete(hear))
        )
      }
    }
  })

/**
 * Wraps the handlers of tools, as the context has them in which their toolkit is registered.
 *
 * @since 0.2.0
 * @category combinators
 */
export const wrapToolHandlers = <R>(
  tools: Readonly<Record<string, Tool.Any>>,
  context: Context.Context<R>,
  wrap: <A, E, R1>(handled: Effect.Effect<A, E, R1>) => Effect.Effect<A, E, R1>
): Context.Context<R> => {
  const services = new Map(context.mapUnsafe)
  for (const tool of Object.values(tools)) {
    const entry: unknown = services.get(tool.id)
    if (entry === undefined) continue
    if (!isToolHandler(entry)) throw moved(`the handler of the tool ${tool.name}`)
    services.set(tool.id, {
      ...entry,
      // @effect-diagnostics-next-line anyUnknownInErrorContext:off handlers fail with what their tools declare
      handler: (params: unknown, toolContext: unknown) => wrap(entry.handler(params, toolContext))
    })
  }
  return Context.makeUnsafe(services)
}

interface ToolHandler {
  readonly handler: (params: unknown, context: unknown) => Effect.Effect<unknown, unknown>
}

const isToolHandler = (u: unknown): u is ToolHandler =>
  Predicate.hasProperty(u, "handler") && Predicate.isFunction(u.handler) && Predicate.hasProperty(u, "context")
