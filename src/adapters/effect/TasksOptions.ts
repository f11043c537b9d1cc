/**
 * The options that servers with tasks take beside those of Effect's own.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Owner } from "./Owner.ts"
import type { JsonRpcFailure } from "./WireError.ts"

/**
 * @since 0.2.0
 * @category options
 */
export interface TasksOptions<PR = never> {
  /**
   * Gives a value that JSON can carry, which is stored with each task: on whose behalf it runs. Workers make of it, with
   * `workerServices`, what a request would have provided.
   */
  readonly principal?: Effect.Effect<unknown, JsonRpcFailure, PR> | undefined
  /** How long tasks live for which the client asks nothing else, from their creation, 24 hours by default. */
  readonly defaultTtl?: Duration.Input | null | undefined
  /** The longest that a client or a tool may ask for, 30 days by default; `null` is unlimited. */
  readonly maxTtl?: Duration.Input | null | undefined
  /** How long clients should wait between polls, a second by default. */
  readonly pollInterval?: Duration.Input | undefined
  /**
   * For clients of revision 2025-11-25 that only poll: sends them what a task asks on the response to `tasks/get` too,
   * and holds that response until it is answered, at most 25 seconds. The first poll of a task that another session created
   * only tells that it asks. Off by default.
   */
  readonly inputOnPoll?: boolean | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface HttpTasksOptions<OR = never, PR = never> extends TasksOptions<PR> {
  /** Whose a task is. The explicit way out is `McpTasks.anonymous`. */
  readonly owner: Owner<OR>
}
