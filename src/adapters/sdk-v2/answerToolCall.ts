/**
 * Calls of tools that may become tasks, on one server.
 *
 * @since 0.2.0
 */
import {
  type CallToolResult,
  type InputRequiredResult,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode
} from "@modelcontextprotocol/server"
import * as Effect from "effect/Effect"
import { workInPromises } from "../../promise/runInPromises.ts"
import { answeringThrown, toTaskFailure } from "../../protocol/thrownResult.ts"
import type { PreparedCall } from "../../protocol/ToolCall.ts"
import { type WireError, wireError } from "../../protocol/WireError.ts"
import { failureOf } from "../../runner/outcomeOf.ts"
import type { TaskContext } from "../../runner/TaskContext.ts"
import { answerWhenPlaced } from "./answerWhenPlaced.ts"
import { askOfCall, clientOfCall, envelopeClient, inputResponsesOf, progressOfCall } from "./requestOf.ts"
import { currentCall, serverInfoOf } from "./sdkSeams.ts"
import type { ServedTasks } from "./ServedTasks.ts"
import type { CheckedCall, TaskTool } from "./TaskTool.ts"

type Answer = CallToolResult | InputRequiredResult

/**
 * Answers a call by what the protocol makes of it.
 *
 * @since 0.2.0
 * @category handlers
 */
export const answerToolCall = async (
  served: ServedTasks,
  mcp: McpServer,
  tool: TaskTool,
  { ctx, prepare, run }: CheckedCall
): Promise<Answer> => {
  const { mcpReq } = ctx
  const call = currentCall(ctx)
  const isModern = envelopeClient(mcpReq.envelope) !== undefined
  const inputResponses = inputResponsesOf(ctx)
  const ready: PreparedCall<Answer> = {
    _tag: "Ready",
    arguments: call.arguments ?? {},
    ...(prepare === undefined ? {} : { inputResponses })
  }
  const answering = (work: Effect.Effect<Answer, never, TaskContext>): Effect.Effect<Answer, never, TaskContext> =>
    answeringThrown(tool.name, isModern ? work : showingUrls(work), tool.resultOfFailure)
  try {
    const answer = await answerWhenPlaced<Answer>(served, mcpReq.signal, {
      make: (tasks) => ({
        tool,
        client: clientOfCall(mcp, ctx),
        hasTasks: isModern,
        meta: mcpReq._meta,
        task: undefined,
        owned: served.ownedBy(tasks, ctx),
        prepare: prepare === undefined
          ? Effect.succeed(ready)
          : refusing(
            answeringThrown(tool.name, preparing(prepare, ready), (cause) => answered(tool.resultOfFailure(cause)))
          ),
        toWireError: (error) => error,
        run: () => answering(workInPromises(run)),
        toWire: Effect.succeed,
        ask: askOfCall(mcp, ctx),
        sendProgress: progressOfCall(ctx),
        serverInfo: serverInfoOf(mcp),
        requestState: mcpReq.requestState(),
        inputResponses
      }),
      run,
      answering
    })
    if (answer._tag === "Result") return answer.result
    call.answer = { _tag: "Result", result: { ...answer.result } }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    call.answer = { _tag: "Error", error }
  }
  return answeredElsewhere
}

const answered = (answer: Answer): PreparedCall<Answer> => ({ _tag: "Answered", answer })

const preparing = (
  prepare: NonNullable<CheckedCall["prepare"]>,
  ready: PreparedCall<Answer>
): Effect.Effect<PreparedCall<Answer>> =>
  Effect.map(Effect.promise(prepare), (asked) => asked === undefined ? ready : answered(asked))

/** The one error of a tool that the SDK makes no result of, in revisions before 2026-07-28. */
const showingUrls = <A, R>(work: Effect.Effect<A, never, R>): Effect.Effect<A, never, R> =>
  Effect.catchDefect(work, (defect) =>
    Effect.die(
      defect instanceof ProtocolError && defect.code === ProtocolErrorCode.UrlElicitationRequired
        ? toTaskFailure(defect)
        : defect
    ))

/** A `TaskFailure` is the error of the call. */
const refusing = <A>(effect: Effect.Effect<A>): Effect.Effect<A, WireError> =>
  Effect.catchCause(effect, (cause): Effect.Effect<never, WireError> => {
    const failure = failureOf(cause)
    return failure === undefined ? Effect.failCause(cause) : Effect.fail(wireError(failure))
  })

/** What the SDK gets for a tool whose answer it does not see. With `isError` it leaves the output schema alone. */
const answeredElsewhere: CallToolResult = { content: [], isError: true }
