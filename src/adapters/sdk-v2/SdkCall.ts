/**
 * The call of a tool, as the SDK carries it.
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
import { type BegunWork, workInPromises } from "../../promise/runInPromises.ts"
import type { SendProgress } from "../../protocol/ProgressSender.ts"
import type { Ask } from "../../protocol/Questions.ts"
import type { TaskClient } from "../../protocol/TaskClient.ts"
import type { Tasks } from "../../protocol/Tasks.ts"
import { answeringThrown, toTaskFailure } from "../../protocol/thrownResult.ts"
import type { PreparedCall, ToolCall } from "../../protocol/ToolCall.ts"
import { type WireError, wireError } from "../../protocol/WireError.ts"
import { failureOf } from "../../runner/handler/failureOf.ts"
import type { TaskContext } from "../../runner/handler/TaskContext.ts"
import { askOfCall, clientOfConnection, envelopeClient, inputResponsesOf, progressOfCall } from "./requestOf.ts"
import { type CurrentCall, serverInfoOf } from "./sdkSeams.ts"
import type { ServedTasks } from "./ServedTasks.ts"
import type { CheckedCall, TaskTool } from "./TaskTool.ts"

/**
 * What a tool of the SDK gives.
 *
 * @since 0.2.0
 * @category models
 */
export type SdkAnswer = CallToolResult | InputRequiredResult

/**
 * A call on one server. What few calls need is made when it is asked for.
 *
 * @since 0.2.0
 * @category models
 */
export class SdkCall implements ToolCall<SdkAnswer, WireError> {
  readonly tool: TaskTool
  readonly client: TaskClient
  readonly hasTasks: boolean
  readonly task = undefined
  readonly inputResponses: unknown
  /** The work, where it began before the protocol runs it. */
  begun: BegunWork<SdkAnswer> | undefined = undefined
  readonly #tasks: Tasks
  readonly #served: ServedTasks
  readonly #mcp: McpServer
  readonly #checked: CheckedCall
  readonly #current: CurrentCall

  constructor(
    tasks: Tasks,
    served: ServedTasks,
    mcp: McpServer,
    tool: TaskTool,
    checked: CheckedCall,
    current: CurrentCall
  ) {
    const client = envelopeClient(checked.ctx.mcpReq.envelope)
    this.tool = tool
    this.client = client ?? clientOfConnection(mcp)
    this.hasTasks = client !== undefined
    this.inputResponses = inputResponsesOf(checked.ctx)
    this.#tasks = tasks
    this.#served = served
    this.#mcp = mcp
    this.#checked = checked
    this.#current = current
  }

  get meta(): unknown {
    return this.#checked.ctx.mcpReq._meta
  }

  get owned(): ToolCall<SdkAnswer, WireError>["owned"] {
    return this.#served.ownedBy(this.#tasks, this.#checked.ctx)
  }

  get prepare(): Effect.Effect<PreparedCall<SdkAnswer>, WireError> {
    const { prepare } = this.#checked
    const args = this.#current.arguments ?? {}
    if (prepare === undefined) return Effect.succeed({ _tag: "Ready", arguments: args })
    const ready = { _tag: "Ready", arguments: args, inputResponses: this.inputResponses } as const
    const { name, resultOfFailure } = this.tool
    return refusing(answeringThrown(name, preparing(prepare, ready), (cause) => answered(resultOfFailure(cause))))
  }

  get ask(): Ask | undefined {
    return askOfCall(this.#mcp, this.#checked.ctx)
  }

  get sendProgress(): SendProgress {
    return progressOfCall(this.#checked.ctx)
  }

  get serverInfo(): unknown {
    return serverInfoOf(this.#mcp)
  }

  get requestState(): unknown {
    return this.#checked.ctx.mcpReq.requestState()
  }

  run(): Effect.Effect<SdkAnswer, never, TaskContext> {
    const work = this.begun?.goOn ?? workInPromises(this.#checked.run)
    return answeringThrown(this.tool.name, this.hasTasks ? work : showingUrls(work), this.tool.resultOfFailure)
  }

  toWireError(error: WireError): WireError {
    return error
  }

  toWire(result: SdkAnswer): Effect.Effect<unknown> {
    return Effect.succeed(result)
  }
}

const answered = (answer: SdkAnswer): PreparedCall<SdkAnswer> => ({ _tag: "Answered", answer })

const preparing = (
  prepare: NonNullable<CheckedCall["prepare"]>,
  ready: PreparedCall<SdkAnswer>
): Effect.Effect<PreparedCall<SdkAnswer>> =>
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
