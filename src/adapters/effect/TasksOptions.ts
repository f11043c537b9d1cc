/**
 * The options of servers with tasks, in addition to those of Effect.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type { Anonymous, TaskOwner } from "../../protocol/TaskOwner.ts"
import type { TasksOptions as CommonOptions } from "../../protocol/TasksOptions.ts"
import type { JsonRpcFailure } from "../../protocol/WireError.ts"

/**
 * Gives the owner of the tasks of a request, or fails with the error that the client sees. It runs on every call of a tool that
 * may become a task and on every request for a task. It may use the services of the request.
 *
 * @since 0.2.0
 * @category models
 */
export type Owner<R = never> = Effect.Effect<TaskOwner, JsonRpcFailure, R> | Anonymous

/**
 * @since 0.2.0
 * @category options
 */
export interface TasksOptions<PR = never> extends CommonOptions {
  /**
   * Gives a value that JSON can carry, which is stored with each task: on whose behalf it runs. With `workerServices` workers
   * make from it the services that a request would have provided. By default it is the principal of the owner.
   */
  readonly principal?: Effect.Effect<unknown, JsonRpcFailure, PR> | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface HttpTasksOptions<OR = never, PR = never> extends TasksOptions<PR> {
  /** Whose a task is. The explicit way out is `McpTasks.anonymous`. */
  readonly owner: Owner<OR>
}
