/**
 * Registration of single tools.
 *
 * @since 0.2.0
 */
import type * as McpSchema from "effect/ai/McpSchema"
import { McpServer } from "effect/ai/McpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Struct from "effect/Struct"
import { optionNames, parseNames } from "../../domain/options/optionNames.ts"
import { toolTaskOptionNames, type ToolTaskOptions } from "../../protocol/TasksOptions.ts"
import type { TaskContext, TaskFailure } from "../../runner/handler/TaskContext.ts"
import { declaring } from "./declaring.ts"
import { TaskServer } from "./TaskServer.ts"
import { type Prepared, registerTaskTool } from "./TaskTool.ts"

/**
 * A tool with its own JSON Schema and results. Arguments come as the client sent them: `prepare` or `handle` decodes
 * them.
 *
 * @since 0.2.0
 * @category models
 */
export interface ToolRegistration<R = never, PR = never> extends ToolTaskOptions {
  readonly tool: McpSchema.Tool
  /** Effect's annotations of the tool, such as `McpSchema.EnabledWhen`. */
  readonly annotations?: Context.Context<never> | undefined
  /**
   * Runs in the request, before there is a task: refuses wrong arguments with `InvalidParams`, asks the client for more
   * with `InputRequired`, or gives the arguments that the task is to have, which JSON can carry.
   */
  readonly prepare?:
    | ((args: unknown) => Effect.Effect<
      Prepared,
      McpSchema.InvalidParams | McpSchema.InternalError,
      PR
    >)
    | undefined
  /** Runs as the task, or, where the call is none, in the request. A `TaskFailure` is its JSON-RPC error. */
  readonly handle: (args: unknown) => Effect.Effect<
    McpSchema.CallToolResult,
    McpSchema.InvalidParams | McpSchema.InternalError | TaskFailure,
    R
  >
}

const registrationNames: ReadonlyArray<string> = [
  ...toolTaskOptionNames,
  ...optionNames<Omit<ToolRegistration, keyof ToolTaskOptions>>({
    tool: true,
    annotations: true,
    prepare: true,
    handle: true
  })
]

/** What every call has, whether it is a task or not. */
type OfCall = TaskContext | McpSchema.McpRequestContext | Scope.Scope

type OfRequest = McpSchema.McpRequestContext

/**
 * What a tool requires where it is registered.
 *
 * @since 0.2.0
 * @category models
 */
export type ToolRequirements<R, PR> = McpServer | TaskServer | Exclude<R, OfCall> | Exclude<PR, OfRequest>

/**
 * Registers a tool that may become a task. What `prepare` and `handle` need, but for what requests and tasks have, is
 * taken from where this is called. Options that are wrong are defects.
 *
 * @since 0.2.0
 * @category registration
 */
export const addTool = Effect.fnUntraced(function*<R = never, PR = never>(
  options: ToolRegistration<R, PR>
): Effect.fn.Return<void, never, ToolRequirements<R, PR>> {
  const services = yield* Effect.context<Exclude<R, OfCall> | Exclude<PR, OfRequest>>()
  yield* Effect.orDie(Effect.fromResult(parseNames(options, registrationNames)))
  const { handle, prepare, tool } = options
  // The rest of what they need, by the types of these parameters, is what the call has.
  const work = (args: unknown) =>
    Effect.updateContext(
      handle(args),
      (own: Context.Context<OfCall>) => Context.makeUnsafe<R>(Context.merge(services, own).mapUnsafe)
    )
  // To a request the server has added the services already. Adding them again would copy them all for each call.
  const hasServices = declaring<R>()
  const inRequest = (args: unknown) =>
    Effect.updateContext(handle(args), (own: Context.Context<OfCall>) => hasServices(own))
  const hasPrepared = declaring<PR>()
  yield* registerTaskTool(
    yield* TaskServer,
    yield* McpServer,
    {
      tool,
      annotations: options.annotations ?? Context.empty(),
      services: yield* Effect.context<never>()
    },
    {
      name: tool.name,
      resultOfFailure: () => undefined,
      isIdempotent: tool.annotations?.idempotentHint === true,
      ...Struct.pick(options, toolTaskOptionNames),
      prepare: prepare === undefined
        ? (args) => Effect.succeed({ arguments: args })
        : (args) =>
          Effect.updateContext(
            prepare(args),
            (own: Context.Context<OfRequest>) => hasPrepared(own)
          ),
      handle: (args) => Effect.scoped(inRequest(args)),
      work
    }
  )
})
