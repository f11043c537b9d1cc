/**
 * A tool that may become a task, and how its calls are answered.
 *
 * @since 0.2.0
 */
import * as McpSchema from "effect/ai/McpSchema"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { TaskRecord } from "../../domain/TaskRecord.ts"
import { TaskContext, TaskFailure } from "../../runner/TaskContext.ts"
import type { LostWorkerPolicy, TaskHandler } from "../../runner/TaskHandler.ts"
import { CallSlot } from "./CallSlot.ts"
import { inlineTaskContext } from "./InlineTaskContext.ts"
import { internalErrorCode } from "./protocolNames.ts"
import { requestContextOf, requestMeta } from "./RequestSnapshot.ts"
import type { TaskSupport } from "./TaskAnnotations.ts"
import { encodeToolResult, errorResult, placeholder } from "./ToolResult.ts"
import { type JsonRpcFailure, wireError } from "./WireError.ts"

type Refusal = McpSchema.InternalError | McpSchema.InvalidParams

/**
 * The arguments that a task is to have, or what to ask the client first.
 *
 * @since 0.2.0
 * @category models
 */
export type Prepared = McpSchema.InputRequired | { readonly arguments: unknown }

/**
 * Makes what a request would have provided, out of the principal that is stored with a task. How it fails is the error of
 * the task.
 *
 * @since 0.2.0
 * @category models
 */
export type WorkerServices<A, R = never> = (
  principal: Schema.Json | undefined
) => Effect.Effect<Context.Context<A>, JsonRpcFailure, R>

/** What answers the calls of a tool. */
export interface TaskTool {
  readonly name: string
  readonly support: Exclude<TaskSupport, "forbidden">
  readonly lostWorker: LostWorkerPolicy
  readonly ttl: Duration.Input | null | undefined
  readonly pollInterval: Duration.Input | undefined
  /** Runs in the request, before there is a task. */
  readonly prepare: (args: unknown) => Effect.Effect<Prepared, Refusal, McpSchema.McpRequestContext>
  /** Runs in the request where the call is no task. */
  readonly handle: (args: unknown) => Effect.Effect<
    ToolAnswer,
    Refusal | TaskFailure,
    TaskContext | McpSchema.McpRequestContext
  >
  /** Runs in a worker. */
  readonly work: (
    args: unknown,
    principal: Schema.Json | undefined
  ) => Effect.Effect<
    ToolAnswer,
    Refusal | TaskFailure,
    TaskContext | McpSchema.McpRequestContext | Scope.Scope
  >
}

export type ToolAnswer = McpSchema.CallToolResult | McpSchema.InputRequired

const isInputRequired = (u: unknown): u is McpSchema.InputRequired => Predicate.isTagged(u, "InputRequired")

/**
 * Answers a call in its request: with a task, where there may be one.
 *
 * @since 0.2.0
 * @category combinators
 */
export const answerCall = (
  tool: TaskTool
): (args: unknown) => Effect.Effect<ToolAnswer, Refusal, McpSchema.McpRequestContext> =>
  Effect.fnUntraced(function*(payload: unknown) {
    const slot = yield* CallSlot
    const create = slot?.create
    if (create === undefined && tool.support === "required") {
      if (slot === undefined) return yield* new McpSchema.InternalError({ message: onlyAsTask(tool.name) })
      slot.answer = { _tag: "Refused", error: slot.refusal }
      return placeholder
    }
    const prepared = yield* Effect.tapError(tool.prepare(payload ?? {}), (error) =>
      Effect.sync(() => {
        if (slot?.strict === true) slot.answer = { _tag: "Refused", error: wireError(error) }
      }))
    if (isInputRequired(prepared)) return prepared
    if (slot === undefined || create === undefined) return yield* answerInline(tool, prepared.arguments, slot)
    const { name, pollInterval, ttl } = tool
    const meta = yield* requestMeta
    slot.answer = yield* Effect.match(create({ name, arguments: prepared.arguments, ttl, pollInterval, meta }), {
      onSuccess: (task) => ({ _tag: "Created" as const, task }),
      onFailure: (error) => ({ _tag: "Refused" as const, error })
    })
    return placeholder
  })

const answerInline = (tool: TaskTool, args: unknown, slot: CallSlot | undefined) => {
  const refusal = slot?.refusal ?? { code: internalErrorCode, message: onlyAsTask(tool.name) }
  const onInput = new TaskFailure({ code: refusal.code, message: refusal.message })
  return tool.handle(args).pipe(
    Effect.provideService(TaskContext, inlineTaskContext(onInput)),
    Effect.catchDefect((defect) => defect instanceof TaskFailure ? Effect.fail(defect) : Effect.die(defect)),
    Effect.catch((error): Effect.Effect<ToolAnswer, Refusal> => {
      if (!(error instanceof TaskFailure)) return Effect.fail(error)
      if (slot === undefined) return Effect.fail(new McpSchema.InternalError({ message: error.message }))
      slot.answer = { _tag: "Refused", error: error === onInput ? refusal : wireError(error) }
      return Effect.succeed(placeholder)
    })
  )
}

const onlyAsTask = (name: string): string =>
  `Tool '${name}' runs as a task only, which this protocol revision does not know`

/**
 * Makes what runs the tasks of a tool, which may give them no more time than the server allows.
 *
 * @since 0.2.0
 * @category constructors
 */
export const taskHandler = (
  tool: TaskTool,
  boundedTtl: (ttl: Duration.Input | null) => Duration.Input | null
): TaskHandler<TaskFailure | Schema.SchemaError> => ({
  method: "tools/call",
  name: tool.name,
  lostWorker: tool.lostWorker,
  run: (task) =>
    Effect.suspend(() => tool.work(argumentsOf(task), task.principal)).pipe(
      Effect.provideService(McpSchema.McpRequestContext, requestContextOf(task)),
      Effect.updateService(TaskContext, (context) => ({
        ...context,
        setTtl: (ttl) => context.setTtl(boundedTtl(ttl))
      })),
      Effect.scoped,
      // A request would have been answered with these as results.
      Effect.catch((error): Effect.Effect<ToolAnswer, TaskFailure> =>
        error instanceof TaskFailure ? Effect.fail(error) : Effect.succeed(errorResult(error.message))
      ),
      Effect.flatMap((answer): Effect.Effect<unknown, TaskFailure | Schema.SchemaError> =>
        isInputRequired(answer) ? noSecondRound : encodeToolResult(answer)
      )
    )
})

const noSecondRound = Effect.fail(
  new TaskFailure({
    code: internalErrorCode,
    message: "A task asks for input through its TaskContext, not by InputRequired"
  })
)

const argumentsOf = ({ originalParams }: TaskRecord): unknown =>
  Predicate.hasProperty(originalParams, "arguments") ? originalParams.arguments : {}
