/**
 * The options of runners.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { RepeatOption } from "../domain/RepeatOption.ts"

/**
 * @since 0.2.0
 * @category options
 */
export interface TaskRunnerOptions {
  /**
   * How long a worker holds a task without a sign of life, 30 seconds by default; the sign is given three times as often.
   * Longer than the clocks of processes differ.
   */
  readonly lease?: Duration.Input | undefined
  /**
   * How often tasks without a worker are looked for, every 10 seconds by default, and at the start; `false` for never, which
   * is the default with `dispatch`.
   */
  readonly recovery?: RepeatOption | undefined
  /** How many tasks run at once, in all and for each session; as many as there are by default. */
  readonly maxRunning?: number | undefined
  readonly maxRunningPerSession?: number | undefined
  /** Whether a task over these bounds waits, which is the default, or is refused with `TooManyTasks`. */
  readonly whenFull?: "wait" | "refuse" | undefined
  /** How long running tasks may go on when the runner ends, 10 seconds by default; what is left then is for others. */
  readonly shutdownTimeout?: Duration.Input | undefined
  /**
   * How long a task of no kind that is registered may be without a worker until it fails, an hour by default, in which this
   * runner has been there.
   */
  readonly orphanTimeout?: Duration.Input | undefined
  /**
   * How long a task lives from its end on, in the place of the `ttl` that it has; never longer than the storage's `maxTtl`.
   * By default it keeps its `ttl`.
   */
  readonly resultTtl?: Duration.Input | undefined
  /**
   * Told the id of each task that is to be run: after it was stored, and after the last input it waited for. With it this
   * runner begins nothing by itself, and what it recovers it dispatches: put the id on a queue, and let whoever gets it call `runTask`.
   */
  readonly dispatch?: ((taskId: string) => Effect.Effect<void>) | undefined
}
