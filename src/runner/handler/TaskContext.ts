/**
 * What a task can do while it runs.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Json } from "effect/Schema"
import * as Schema from "effect/Schema"
import { shownAsError } from "../../domain/task/shownAsError.ts"
import type { InputRefused } from "./InputRefused.ts"

/**
 * A request to the client of a task, such as `elicitation/create`.
 *
 * @since 0.2.0
 * @category models
 */
export interface InputRequest {
  readonly method: string
  readonly params?: unknown
}

/**
 * What a person is asked: a message, and the JSON Schema of the form to fill in.
 *
 * @since 0.2.0
 * @category models
 */
export interface ElicitParams {
  /** Says that it is a form, as it is without. */
  readonly mode?: "form" | undefined
  readonly message: string
  readonly requestedSchema: { readonly [key: string]: unknown }
}

/**
 * What a person answered.
 *
 * @since 0.2.0
 * @category schemas
 */
export const ElicitAnswer = Schema.Struct({
  action: Schema.Literals(["accept", "decline", "cancel"]),
  content: Schema.optionalKey(Schema.JsonObject)
})

/**
 * @since 0.2.0
 * @category models
 */
export type ElicitAnswer = typeof ElicitAnswer.Type

/**
 * Ends a task with this JSON-RPC error. For any other failure the client gets an internal error without details.
 *
 * @since 0.2.0
 * @category errors
 */
export class TaskFailure extends shownAsError(
  Schema.TaggedError<TaskFailure>("mcp-task-storage/TaskFailure")("TaskFailure", {
    code: Schema.Int,
    message: Schema.String,
    data: Schema.optionalKey(Schema.Json)
  })
) {}

/**
 * How far a task has come, of `total` if that is known. Both are counts in any unit.
 *
 * @since 0.2.0
 * @category models
 */
export interface ProgressAmount {
  readonly progress: number
  readonly total?: number | undefined
}

/**
 * The operations of {@link TaskContext}. If the task was cancelled, or another worker has it, they do not return: the work is
 * interrupted. A call that the storage refuses for good ends the task with an internal error.
 *
 * You choose the keys. They are unique over the life of the task. A task that begins anew finds its earlier questions and
 * steps under them.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskContextShape {
  readonly taskId: string
  /** 1 for the first worker of the task, one more for each later one. */
  readonly attempt: number
  /** The authorization context that the task is bound to. */
  readonly sessionId: string | undefined
  /** On whose behalf the task runs, as it was stored with it. */
  readonly principal: Json | undefined
  /** The answers that were there when this worker began, by key. */
  readonly answers: { readonly [key: string]: Json }

  /**
   * Reports progress: the status message that a client sees when it polls. The amount is for clients that asked for
   * progress notifications.
   */
  readonly progress: (message: string, amount?: ProgressAmount) => Effect.Effect<void>

  /** Sets the time to live of the task, from its creation. `null` is unlimited. */
  readonly setTtl: (ttl: Duration.Input | null) => Effect.Effect<void>

  /**
   * Asks a person to fill in a form, and waits. If an earlier worker has got the answer, it gives that one: nobody is asked
   * twice. It never fails: an answer that is no `ElicitAnswer` counts as `cancel`.
   */
  readonly elicit: (key: string, params: ElicitParams) => Effect.Effect<ElicitAnswer>

  /** Asks the client's model (`sampling/createMessage`), and waits. */
  readonly sample: (key: string, params: unknown) => Effect.Effect<Json, InputRefused>

  /**
   * Sends requests to the client, all at once, and waits for every answer. Fails with `InputRefused` if the client
   * refuses one of them. A refused elicitation gives the action `cancel` instead.
   */
  readonly request: (
    requests: { readonly [key: string]: InputRequest }
  ) => Effect.Effect<{ readonly [key: string]: Json }, InputRefused>

  /**
   * The same without a waiting worker. Unless all requests are answered already, the work ends here. It begins anew from its
   * start when and where the last answer arrives, even weeks and deploys later. Put into a `step` what must not be done
   * twice.
   */
  readonly suspend: (
    requests: { readonly [key: string]: InputRequest }
  ) => Effect.Effect<{ readonly [key: string]: Json }, InputRefused>

  /**
   * Waits durably and without a worker, for seconds or weeks. The work ends here, and begins anew from its start when the time
   * is over. Then this returns at once: nothing is slept twice. Put into a `step` what must not be done twice.
   */
  readonly sleep: (key: string, duration: Duration.Input) => Effect.Effect<void>

  /** Does something once, over all workers of the task. The result is stored, and a later worker gets it from there. */
  readonly step: <A, E, R>(
    key: string,
    schema: Schema.Codec<A, unknown>,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, R>
}

/**
 * The task that an effect runs as. Only the layers that run tasks provide it. So a tool that needs it does not compile
 * elsewhere.
 *
 * @since 0.2.0
 * @category services
 */
export class TaskContext extends Context.Service<TaskContext, TaskContextShape>()("mcp-task-storage/TaskContext") {}
