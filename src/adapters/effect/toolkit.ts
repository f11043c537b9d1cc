/**
 * Registration of toolkits.
 *
 * @since 0.2.0
 */
import * as McpSchema from "effect/ai/McpSchema"
import * as McpServer from "effect/ai/McpServer"
import * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { isOver } from "../../domain/effects/isOver.ts"
import type { ToolTaskOptions } from "../../protocol/TasksOptions.ts"
import { type TaskContext, TaskFailure } from "../../runner/handler/TaskContext.ts"
import { wrapToolHandlers } from "./effectSeams.ts"
import { heedingFailure, notingFailure } from "./FailureNote.ts"
import { shieldSpan, unshieldSpan } from "./spanShield.ts"
import { LostWorker, PollInterval, ResultTtl, Retry, TaskAfter, TaskSupport, TaskTtl } from "./TaskAnnotations.ts"
import { TaskServer } from "./TaskServer.ts"
import { type Prepared, registerTaskTool, type TaskTool, type WorkerServices } from "./TaskTool.ts"

type Tools = Record<string, Tool.Any>

/**
 * The services that the tools of a toolkit take from a request, and that a worker has to make by itself.
 *
 * @since 0.2.0
 * @category models
 */
export type RequestServices<T extends Tools> = Exclude<
  Tool.Requirements<T[keyof T]>,
  TaskContext | McpSchema.McpRequestContext | Scope.Scope
>

/**
 * @since 0.2.0
 * @category options
 */
export interface ToolkitOptions<T extends Tools, R = never> {
  /** Makes them of the principal that is stored with a task. It may be scoped: each task has a scope of its own. */
  readonly workerServices: WorkerServices<RequestServices<T>, R | Scope.Scope>
}

/**
 * What `toolkit` takes beside the toolkit: nothing, unless one of its tools has `dependencies` that only a request
 * provides. Then it has to say how a worker comes by them.
 *
 * @since 0.2.0
 * @category models
 */
export type ToolkitArguments<T extends Tools, R = never> = [RequestServices<T>] extends [never]
  ? readonly [options?: ToolkitOptions<T, R>]
  : readonly [options: ToolkitOptions<T, R>]

/**
 * The requirements of a toolkit: those that it has with `McpServer.toolkit`, without `TaskContext`.
 *
 * @since 0.2.0
 * @category models
 */
export type ToolkitRequirements<T extends Tools> =
  | Exclude<Exclude<McpServer.ToolkitRequirements<T>, TaskContextMarker>, McpServer.McpServer>
  | McpServer.McpServer
  | TaskServer

type TaskContextMarker = McpServer.McpRequest<"Requires", TaskContext>

/** What is a requirement in types alone can be discharged by a service of its type alone. */
const marker = Context.Service<TaskContextMarker, true>("mcp-task-storage/mcp/TaskContextMarker")

/**
 * Creates a layer that registers a toolkit as `McpServer.toolkit` does. Tools that are annotated with `McpTasks.TaskSupport`
 * become tasks. They may depend on `TaskContext`.
 *
 * @since 0.2.0
 * @category layers
 */
export const toolkit = <T extends Tools, R = never>(
  kit: Toolkit.Toolkit<T>,
  ...[options]: ToolkitArguments<T, R>
): Layer.Layer<never, never, ToolkitRequirements<T> | R> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const server = yield* TaskServer
    const mcp = yield* McpServer.McpServer
    const services = yield* Effect.context<R>()
    const workerServices = options?.workerServices
    const capturing = McpServer.McpServer.of({
      ...mcp,
      addTool: (registration) => {
        const { annotations, handle, tool } = registration
        const shielded = (args: unknown) => shieldSpan(handle(args))
        if (Context.get(annotations, TaskSupport) === "forbidden") {
          return mcp.addTool({ ...registration, handle: shielded })
        }
        const kitTool = Object.values<Tool.Any>(kit.tools).find(({ name }) => name === tool.name)
        const captured = registration.services ?? Context.empty()
        const run = (args: unknown, isTask: boolean) => heedingFailure(shielded(args), isTask)
        return registerTaskTool(server, mcp, registration, {
          name: tool.name,
          ...taskOptionsOf(annotations),
          isIdempotent: Context.get(annotations, Tool.Idempotent),
          prepare: kitTool === undefined
            ? (args) => Effect.succeed({ arguments: args })
            : checking(kitTool, captured),
          handle: (args) => run(args, false),
          resultOfFailure: () => thrown,
          work: Effect.fnUntraced(function*(args, principal) {
            const own = workerServices === undefined
              ? Context.empty()
              : yield* Effect.updateContext(
                workerServices(principal),
                (scope: Context.Context<Scope.Scope>) => Context.merge(services, scope)
              ).pipe(Effect.mapError(({ code, message }) => new TaskFailure({ code, message })))
            return yield* Effect.updateContext(
              run(args, true),
              (context: Context.Context<TaskContext | McpSchema.McpRequestContext>) =>
                Context.merge(Context.merge(captured, context), own)
            )
          })
        })
      }
    })
    yield* McpServer.registerToolkit(kit).pipe(
      Effect.updateContext((context: Context.Context<McpServer.ToolkitRequirements<T>>) =>
        wrapToolHandlers(kit.tools, context, (handled) => notingFailure(unshieldSpan(handled)))
      ),
      Effect.provideService(marker, true),
      Effect.provideService(McpServer.McpServer, capturing)
    )
  }))

/** Reads what the annotations say of the tasks of a tool. */
const taskOptionsOf = (annotations: Context.Context<never>) => ({
  taskSupport: Context.get(annotations, TaskSupport),
  ttl: Context.get(annotations, TaskTtl),
  resultTtl: Context.get(annotations, ResultTtl),
  pollInterval: Context.get(annotations, PollInterval),
  taskAfter: Context.get(annotations, TaskAfter),
  lostWorker: Context.get(annotations, LostWorker),
  retry: Context.get(annotations, Retry)
} satisfies { readonly [Name in keyof ToolTaskOptions]-?: ToolTaskOptions[Name] })

/** What Effect answers where a handler has a defect; a test holds the two together. */
const thrown = {
  content: [{ type: "text", text: "Tool execution failed due to an internal server error." }],
  isError: true
}

/** Makes what refuses wrong arguments before there is a task. What is stored is what the client sent. */
const checking = (tool: Tool.Any, services: Context.Context<never>): TaskTool["prepare"] => {
  const decode = Schema.decodeUnknownEffect(tool.parametersSchema)
  const isStrict = Tool.getStrictMode(tool) === true
  const decodeAll = (args: unknown) =>
    // @effect-diagnostics-next-line anyUnknownInErrorContext:off what is unknown is provided below
    decode(args, { onExcessProperty: isStrict ? "error" : "ignore", errors: "all" }).pipe(
      // What decoding takes was required where the toolkit was registered, or is declared of the tool and in the request.
      Effect.updateContext((own: Context.Context<never>) =>
        Context.makeUnsafe<unknown>(Context.merge(services, own).mapUnsafe)
      )
    )
  return (args) => {
    const prepared: Prepared = { arguments: args }
    // Most arguments are right, and that is known at once. It takes longer to look for all that is wrong.
    // @effect-diagnostics-next-line anyUnknownInErrorContext:off what is over needs nothing
    if (!isStrict && isRight(decode(args))) return Effect.succeed(prepared)
    return Effect.mapBoth(decodeAll(args), {
      onSuccess: () => prepared,
      onFailure: (error) => new McpSchema.InvalidParams({ message: error.message })
    })
  }
}

const isRight = <A, E, R>(decoded: Effect.Effect<A, E, R>): boolean => isOver(decoded) && Exit.isSuccess(decoded)
