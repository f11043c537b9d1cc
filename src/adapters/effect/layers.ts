/**
 * Effect's MCP servers, with tasks.
 *
 * @since 0.2.0
 */
import type * as McpProtocol from "effect/ai/McpProtocol"
import type { McpRequestContext } from "effect/ai/McpSchema"
import * as McpServer from "effect/ai/McpServer"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import { Stdio } from "effect/Stdio"
import type { InvalidInput } from "../../domain/task/TaskError.ts"
import type { TaskStorage } from "../../domain/TaskStorage.ts"
import type { TaskRunner } from "../../runner/service/TaskRunner.ts"
import { openingAtEnd } from "./openingAtEnd.ts"
import { patientRouter } from "./patientRouter.ts"
import { withTasks } from "./protocols.ts"
import { parseHttpOptions, parseRequestScopedOptions, parseStdioOptions } from "./serverOptions.ts"
import { makeServedTasks, TaskServer } from "./TaskServer.ts"
import type { HttpTasksOptions, TasksOptions } from "./TasksOptions.ts"

type Adapters = NonEmptyReadonlyArray<McpProtocol.ProtocolAdapter>

type StatelessAdapters = NonEmptyReadonlyArray<
  McpProtocol.ProtocolAdapter<McpProtocol.ProtocolVersion, McpProtocol.StatelessRuntimeDescriptor>
>

/** Deriving adapters keeps their types, and not the length of their tuple. */
type Derived<Protocols extends Adapters> = NonEmptyReadonlyArray<Protocols[number]>

type Provided<Protocols extends Adapters, Http extends boolean> = McpServer.ProvidedServices<
  Derived<Protocols>,
  Http
>

/** What registrations take from requests, and the transport does not provide. */
type Remaining<Protocols extends Adapters, RR, Http extends boolean> = Exclude<
  McpServer.McpRequest.Only<"Requires", RR>,
  Provided<Protocols, Http>
>

type Registered<RR> = Exclude<McpServer.McpRequest.Without<RR>, McpServer.McpServer>

/**
 * What a server over HTTP requires: what Effect's requires, a storage and a runner of tasks, and of each request what
 * the owner and the principal take from it.
 *
 * @since 0.2.0
 * @category models
 */
export type HttpRequirements<Protocols extends Adapters, RR, OR> =
  | TaskStorage
  | TaskRunner
  | Exclude<
    | HttpRouter.HttpRouter
    | Registered<RR>
    | HttpRouter.Request.From<"Requires", Remaining<Protocols, RR, true>>,
    TaskServer
  >
  | HttpRouter.Request.From<"Requires", Exclude<OR, Provided<Protocols, true> | McpRequestContext>>

/**
 * @since 0.2.0
 * @category models
 */
export type ServerServices<Protocols extends Adapters, Http extends boolean> =
  | TaskServer
  | McpServer.McpServer
  | McpServer.McpRequest.From<"Requires", Provided<Protocols, Http>>

/**
 * The options of `McpServer.layerHttp`, and those of tasks.
 *
 * @since 0.2.0
 * @category options
 */
export type HttpOptions<Protocols extends Adapters, RA, RE, RR, OR, PR> =
  & Parameters<typeof McpServer.layerHttp<Protocols, RA, RE, RR>>[0]
  & HttpTasksOptions<OR, PR>

/**
 * The options of `McpServer.layerHttpRequestScoped`, and those of tasks.
 *
 * @since 0.2.0
 * @category options
 */
export type HttpRequestScopedOptions<Protocols extends StatelessAdapters, RA, RE, RR, OR, PR> =
  & Parameters<typeof McpServer.layerHttpRequestScoped<Protocols, RA, RE, RR>>[0]
  & HttpTasksOptions<OR, PR>

/**
 * The options of `McpServer.layerStdio`, and those of tasks.
 *
 * @since 0.2.0
 * @category options
 */
export type StdioOptions<Protocols extends Adapters, RA, RE, RR, PR> =
  & Parameters<typeof McpServer.layerStdio<Protocols, RA, RE, RR>>[0]
  & TasksOptions<PR>

/**
 * Serves MCP with tasks over Streamable HTTP: `McpServer.layerHttp` with one more required option, `owner`. Provide a storage and
 * a runner.
 *
 * **Example** (A server whose tasks are bound to the caller)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { McpProtocol, McpSchema } from "effect/ai"
 * import { HttpServerRequest } from "effect/http"
 * import * as McpTasks from "mcp-task-storage/mcp"
 * import * as TaskRunner from "mcp-task-storage/runner"
 * import * as SqliteTaskStorage from "mcp-task-storage/sqlite"
 *
 * const owner = Effect.gen(function*() {
 *   const request = yield* HttpServerRequest.HttpServerRequest
 *   const user = request.headers["x-user"]
 *   if (user === undefined) return yield* new McpSchema.InvalidParams({ message: "Who are you?" })
 *   return user
 * })
 *
 * const Server = McpTasks.layerHttp({
 *   name: "reports",
 *   version: "1.0.0",
 *   path: "/mcp",
 *   protocols: [McpProtocol.v2026_07_28, McpProtocol.v2025_11_25],
 *   owner
 * }).pipe(
 *   Layer.provide(TaskRunner.layer()),
 *   Layer.provide(SqliteTaskStorage.layer({ filename: "tasks.db" }))
 * )
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const layerHttp = <
  const Protocols extends Adapters,
  RA = never,
  RE = never,
  RR = never,
  OR = never,
  PR = never
>(
  options: HttpOptions<Protocols, RA, RE, RR, OR, PR>
): Layer.Layer<
  ServerServices<Protocols, true>,
  Cause.IllegalArgumentError | InvalidInput | RE,
  HttpRequirements<Protocols, RR, OR | PR>
> =>
  overHttp(options, parseHttpOptions, (protocols: Derived<Protocols>) => McpServer.layerHttp({ ...options, protocols }))

/**
 * Serves revision 2026-07-28 with tasks where execution belongs to each HTTP request:
 * `McpServer.layerHttpRequestScoped`, with `owner`. There are no subscriptions. If nothing lives beyond a request, use a runner
 * with `dispatch`.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerHttpRequestScoped = <
  const Protocols extends StatelessAdapters,
  RA = never,
  RE = never,
  RR = never,
  OR = never,
  PR = never
>(
  options: HttpRequestScopedOptions<Protocols, RA, RE, RR, OR, PR>
): Layer.Layer<
  ServerServices<Protocols, true>,
  Cause.IllegalArgumentError | InvalidInput | RE,
  HttpRequirements<Protocols, RR, OR | PR>
> =>
  overHttp(
    options,
    parseRequestScopedOptions,
    (protocols: Derived<Protocols>) => McpServer.layerHttpRequestScoped({ ...options, protocols })
  )

/** Adds tasks to one of Effect's servers over HTTP. */
const overHttp = <Protocol extends McpProtocol.ProtocolAdapter, OR, PR, A, E, R>(
  options: HttpTasksOptions<OR, PR> & {
    readonly path: HttpRouter.PathInput
    readonly protocols: NonEmptyReadonlyArray<Protocol>
  },
  parse: typeof parseHttpOptions,
  serve: (protocols: NonEmptyReadonlyArray<Protocol>) => Layer.Layer<A, E, R>
) =>
  Layer.unwrap(Effect.gen(function*() {
    yield* Effect.fromResult(parse(options))
    const served = yield* makeServedTasks(options.owner, options)
    return serve(withTasks(options.protocols, served)).pipe(
      Layer.updateService(HttpRouter.HttpRouter, (router) =>
        patientRouter(router, options.path, served.tasks.settings.limits)),
      Layer.provideMerge(Layer.succeed(TaskServer, served.tasks))
    )
  }))

/**
 * Serves MCP with tasks over standard input and output: `McpServer.layerStdio`. Tasks are bound to nobody there. The one client
 * sees all tasks of the storage that are bound to no owner.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerStdio = <
  const Protocols extends Adapters,
  RA = never,
  RE = never,
  RR = never,
  PR = never
>(
  options: StdioOptions<Protocols, RA, RE, RR, PR>
): Layer.Layer<
  ServerServices<Protocols, false>,
  Cause.IllegalArgumentError | InvalidInput | RE,
  | TaskStorage
  | TaskRunner
  | Exclude<
    | Stdio
    | Registered<RR>
    | McpServer.McpRequest.From<"Requires", Remaining<Protocols, RR, false>>,
    TaskServer
  >
  | McpServer.McpRequest.From<"Requires", Exclude<PR, Provided<Protocols, false> | McpRequestContext>>
> =>
  Layer.unwrap(Effect.gen(function*() {
    yield* Effect.fromResult(parseStdioOptions(options))
    const gone = yield* Latch.make()
    const served = yield* makeServedTasks<never, PR>(undefined, options, gone.await)
    return McpServer.layerStdio({ ...options, protocols: withTasks<Protocols[number], PR>(options.protocols, served) })
      .pipe(
        Layer.updateService(Stdio, (stdio) => openingAtEnd(stdio, gone)),
        Layer.provideMerge(Layer.succeed(TaskServer, served.tasks))
      )
  }))
