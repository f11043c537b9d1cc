/**
 * The options of runners.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { RepeatOption } from "../../domain/options/RepeatOption.ts"

/**
 * When a task is to be run.
 *
 * @since 0.2.0
 * @category options
 */
export interface DispatchOptions {
  /** Milliseconds from now on. A task whose id comes too early is dispatched once more, with what is left of its delay. */
  readonly delay?: number
}

/**
 * @since 0.2.0
 * @category options
 */
export interface TaskRunnerOptions {
  /** What the process is called where workers are listed: its program, and the version of that. */
  readonly worker?: { readonly name?: string | undefined; readonly version?: string | undefined } | undefined
  /**
   * How long the process lives as a worker without a sign of life: 30 seconds by default. It gives three signs in that time, each
   * for all of its tasks. A task that `runTask` runs has a lease of its own, as long as this. It must be longer than the clocks of
   * the processes differ.
   */
  readonly lease?: Duration.Input | undefined
  /**
   * How often the runner looks for tasks without a worker: every 10 seconds by default, and at the start. `false` is never,
   * and the default with `dispatch`.
   */
  readonly recovery?: RepeatOption | undefined
  /** How many tasks run at once, in all and for each session. Unlimited by default. */
  readonly maxRunning?: number | undefined
  readonly maxRunningPerSession?: number | undefined
  /** Whether a task over these bounds waits (the default), or is refused with `TooManyTasks`. */
  readonly whenFull?: "wait" | "refuse" | undefined
  /** How long running tasks may go on when the runner ends: 10 seconds by default. The rest is left to others. */
  readonly shutdownTimeout?: Duration.Input | undefined
  /**
   * How long a task of an unknown kind may be without a worker until it fails: an hour by default. The time before this
   * runner began does not count.
   */
  readonly orphanTimeout?: Duration.Input | undefined
  /**
   * How long a task lives from its end on. It replaces the `ttl` of the task, and never exceeds the storage's `maxTtl`. By
   * default the task keeps its `ttl`.
   */
  readonly resultTtl?: Duration.Input | undefined
  /**
   * Gets the id of each task that is to be run: after it was stored, and after the last answer that it waited for. With this
   * option the runner begins nothing by itself. Put the id on a queue, and call `runTask` in the process that receives it.
   * The runner also dispatches the tasks that it recovers. A task that sleeps, or is to be tried again, comes with a delay.
   * If it dies, the runner logs that, and the task waits in the storage until somebody recovers it.
   */
  readonly dispatch?: ((taskId: string, options: DispatchOptions) => Effect.Effect<void>) | undefined
}
