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
import { shownAsError } from "../domain/shownAsError.ts"
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
 * Ends a task with this JSON-RPC error. Any other failure of a task is told to its client as an internal error without
 * details.
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
 * How far a task has come: of `total`, where that is known. Both are numbers of whatever the task counts.
 *
 * @since 0.2.0
 * @category models
 */
export interface ProgressAmount {
  readonly progress: number
  readonly total?: number | undefined
}

/**
 * The operations of {@link TaskContext}. Where the task was cancelled or another worker has it, they do not return: the
 * work is interrupted. What the storage refuses for good ends the task as an internal error.
 *
 * Keys are the caller's own, and unique over the life of the task: a task that begins anew finds under them what it has
 * asked and done before.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskContextShape {
  readonly taskId: string
  /** 1 for the first worker of the task, one more with every other. */
  readonly attempt: number
  /** The authorization context that the task is bound to. */
  readonly sessionId: string | undefined
  /** On whose behalf the task runs, as it was stored with it. */
  readonly principal: Json | undefined
  /** What was answered by the time this worker began, by key. */
  readonly answers: { readonly [key: string]: Json }

  /**
   * Reports progress: the status message that a client sees when it polls. The amount is for clients that asked for
   * progress notifications.
   */
  readonly progress: (message: string, amount?: ProgressAmount) => Effect.Effect<void>

  /** Gives the task another time to live, from its creation; `null` is unlimited. */
  readonly setTtl: (ttl: Duration.Input | null) => Effect.Effect<void>

  /**
   * Asks a person to fill in a form, and waits. An answer given to an earlier worker is given again; nobody is asked
   * twice. Fails with nothing: an answer that is no `ElicitAnswer` counts as `cancel`.
   */
  readonly elicit: (key: string, params: ElicitParams) => Effect.Effect<ElicitAnswer>

  /** Asks the client's model (`sampling/createMessage`), and waits. */
  readonly sample: (key: string, params: unknown) => Effect.Effect<Json, InputRefused>

  /**
   * Sends requests to the client, all at once, and waits for every answer. Fails with `InputRefused` where the client
   * refuses one of them; an elicitation that it refuses is answered with the action `cancel`.
   */
  readonly request: (
    requests: { readonly [key: string]: InputRequest }
  ) => Effect.Effect<{ readonly [key: string]: Json }, InputRefused>

  /**
   * The same without a worker that waits: unless all are answered, the work ends here, and begins anew from its start,
   * wherever the last answer arrives. It survives deploys, and weeks. What must not be done twice goes into a `step`
   * before.
   */
  readonly suspend: (
    requests: { readonly [key: string]: InputRequest }
  ) => Effect.Effect<{ readonly [key: string]: Json }, InputRefused>

  /** Does something once over all workers of the task: what it gave is stored, and given again. */
  readonly step: <A, E, R>(
    key: string,
    schema: Schema.Codec<A, unknown>,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, R>
}

/**
 * The task that an effect runs as. Only the layers that run tasks provide it, so that a tool that needs it does not
 * compile elsewhere.
 *
 * @since 0.2.0
 * @category services
 */
export class TaskContext extends Context.Service<TaskContext, TaskContextShape>()("mcp-task-storage/TaskContext") {}
