/**
 * A tool that may become a task, and how its calls are answered.
 *
 * @since 0.2.0
 */
import * as McpSchema from "effect/ai/McpSchema"
import type { McpServer } from "effect/ai/McpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { isOver } from "../../domain/effects/isOver.ts"
import { callTool } from "../../protocol/callTool.ts"
import { nobody } from "../../protocol/TaskOwner.ts"
import type { Tasks } from "../../protocol/Tasks.ts"
import type { ToolTaskOptions } from "../../protocol/TasksOptions.ts"
import { resolveToolPolicy } from "../../protocol/TasksOptions.ts"
import { registerTool } from "../../protocol/TaskTool.ts"
import type { PreparedCall, ToolCall } from "../../protocol/ToolCall.ts"
import { type JsonRpcFailure, type WireError, wireError } from "../../protocol/WireError.ts"
import { type TaskContext, TaskFailure } from "../../runner/handler/TaskContext.ts"
import { CallSlot } from "./CallSlot.ts"
import { declaring } from "./declaring.ts"
import { clientOfRequest, requestContextOf } from "./RequestClient.ts"
import { encodeToolResult, errorResult, placeholder } from "./ToolResult.ts"

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
export interface TaskTool extends ToolTaskOptions {
  readonly name: string
  readonly isIdempotent: boolean
  /** What Effect answers, in a call that is no task, where the work has a defect; `undefined` for an internal error. */
  readonly resultOfFailure: ToolCall<never, never>["tool"]["resultOfFailure"]
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

type Registration = Parameters<McpServer["Service"]["addTool"]>[0]

const isInputRequired = (u: unknown): u is McpSchema.InputRequired => Predicate.isTagged(u, "InputRequired")

const isRefusal = (error: Refusal | TaskFailure | WireError): error is Refusal =>
  error instanceof McpSchema.InvalidParams || error instanceof McpSchema.InternalError

/**
 * Registers a tool with the server, and with the runner, so that its tasks run here whoever created them. Options that are
 * wrong are defects.
 *
 * @since 0.2.0
 * @category registration
 */
export const registerTaskTool = Effect.fnUntraced(function*(
  tasks: Tasks,
  mcp: McpServer["Service"],
  registration: Omit<Registration, "handle">,
  tool: TaskTool
) {
  const { name } = tool
  const policy = yield* Effect.orDie(Effect.fromResult(resolveToolPolicy(tasks.settings, tool, tool.isIdempotent)))
  const described = { name, policy, resultOfFailure: tool.resultOfFailure }
  yield* registerTool(tasks, {
    ...described,
    work: ({ arguments: args, principal, task }) =>
      Effect.suspend(() => tool.work(args, principal)).pipe(
        Effect.provideService(McpSchema.McpRequestContext, requestContextOf(task)),
        Effect.scoped,
        // A request would have been answered with these as results.
        Effect.catch((error): Effect.Effect<ToolAnswer, TaskFailure> =>
          error instanceof TaskFailure ? Effect.fail(error) : Effect.succeed(errorResult(error.message))
        ),
        Effect.flatMap((answer): Effect.Effect<unknown, TaskFailure | Schema.SchemaError> =>
          isInputRequired(answer) ? Effect.fail(noSecondRound) : encodeToolResult(answer)
        )
      )
  })
  yield* mcp.addTool({ ...registration, handle: answerCall(tasks, tool, described) })
})

/** Answers a call in its request, by what the protocol makes of it. */
const answerCall = (
  tasks: Tasks,
  tool: TaskTool,
  described: ToolCall<never, never>["tool"]
): (args: unknown) => Effect.Effect<ToolAnswer, Refusal, McpSchema.McpRequestContext> => {
  const ownedByNobody = Effect.sync(() => tasks.ownedBy(nobody))
  const run: ToolCall<ToolAnswer, Refusal | TaskFailure>["run"] = ({ arguments: args }) => inRequest(tool.handle(args))
  return (payload) =>
    Effect.contextWith((context: Context.Context<McpSchema.McpRequestContext>) => {
      const slot = Context.get(context, CallSlot)
      const request = Context.get(context, McpSchema.McpRequestContext)
      const answered = callTool<ToolAnswer, Refusal | TaskFailure>(tasks, {
        tool: described,
        client: clientOfRequest(request),
        meta: undefined,
        task: undefined,
        owned: ownedByNobody,
        ...slot,
        requestState: request.requestState,
        inputResponses: request.inputResponses,
        prepare: Effect.mapEager(inRequest<Prepared, Refusal, never>(tool.prepare(payload ?? {})), toPreparedCall),
        toWireError: wireError,
        run,
        toWire
      })
      return Effect.matchEffect(answered, {
        onSuccess: (answer) => answer._tag === "Result" ? Effect.succeed(answer.result) : leave(slot, answer),
        onFailure: (error) =>
          isRefusal(error) ? Effect.fail(error) : leave(slot, { _tag: "Refused", error: wireError(error) })
      })
    })
}

const toPreparedCall = (prepared: Prepared): PreparedCall<ToolAnswer> =>
  isInputRequired(prepared)
    ? { _tag: "Answered", answer: prepared }
    : { _tag: "Ready", arguments: prepared.arguments }

const toWire = (result: ToolAnswer): Effect.Effect<unknown> =>
  isInputRequired(result) ? Effect.die(noSecondRound) : Effect.orDie(encodeToolResult(result))

/** Leaves an answer that is no result of the tool to the adapter of the protocol, where there is one. */
const leave = (
  slot: CallSlot | undefined,
  answer: NonNullable<CallSlot["answer"]>
): Effect.Effect<ToolAnswer, McpSchema.InternalError> => {
  if (slot !== undefined) slot.answer = answer
  else if (answer._tag === "Refused") return Effect.fail(new McpSchema.InternalError({ message: answer.error.message }))
  return Effect.succeed(placeholder)
}

const hasRequest = declaring<McpSchema.McpRequestContext>()

/** What runs in a request has its context. What is done already needs none. */
const inRequest = <A, E, R>(effect: Effect.Effect<A, E, R | McpSchema.McpRequestContext>): Effect.Effect<A, E, R> =>
  isOver(effect) ? effect : Effect.updateContext(effect, (own: Context.Context<R>) => hasRequest(own))

const noSecondRound = new TaskFailure({
  code: -32603,
  message: "A task asks for input through its TaskContext, not by InputRequired"
})
