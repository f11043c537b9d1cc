/**
 * What a runner can be told when it is opened.
 *
 * @since 0.2.0
 */
import { InvalidInput } from "../domain/TaskError.ts"
import type { TaskRunnerOptions } from "../runner/TaskRunnerOptions.ts"
import { isObject, requireMillis, requireObject } from "./arguments.ts"
import type { LayerOpenOptions, OpenOptions } from "./OpenOptions.ts"
import { requireNames } from "./OpenOptions.ts"

/**
 * Is told the id of each task that is to be run.
 *
 * @since 0.2.0
 * @category options
 */
export type Dispatch = (taskId: string) => void | Promise<void>

/**
 * Options of runners. Durations are milliseconds.
 *
 * @since 0.2.0
 * @category options
 */
export interface RunnerOptions extends Pick<TaskRunnerOptions, "maxRunning" | "maxRunningPerSession" | "whenFull"> {
  /**
   * How long a worker holds a task without a sign of life, 30 seconds by default; the sign is given three times as often.
   * Longer than the clocks of processes differ.
   */
  readonly lease?: number | undefined
  /** How often tasks without a worker are looked for, every 10 seconds by default, and at the start; `false` for never. */
  readonly recovery?: { readonly interval: number } | false | undefined
  /** How long running tasks may go on when the runner is closed, 10 seconds by default; what is left is for others. */
  readonly shutdownTimeout?: number | undefined
  /** How long after its lease ran out a task of no kind that is registered fails, an hour by default. */
  readonly orphanTimeout?: number | undefined
  /**
   * Told the id of each task that is to be run: after it was stored, and after the last input it waited for. With it this
   * runner begins nothing by itself: put the id on a queue, and let whoever gets it call `runTask`. What it rejects with
   * is logged; the task waits in the storage until somebody recovers it.
   */
  readonly dispatch?: Dispatch | undefined
}

/**
 * Options for a runner whose storage a URL names.
 *
 * @since 0.2.0
 * @category options
 */
export interface OpenRunnerOptions extends OpenOptions, RunnerOptions {}

/**
 * Options for a runner on a layer of storage.
 *
 * @since 0.2.0
 * @category options
 */
export interface LayerRunnerOptions extends LayerOpenOptions, RunnerOptions {}

/**
 * The names of the options that every runner takes.
 *
 * @since 0.2.0
 * @category constants
 */
export const runnerOptions = [
  "lease",
  "recovery",
  "maxRunning",
  "maxRunningPerSession",
  "whenFull",
  "shutdownTimeout",
  "orphanTimeout",
  "dispatch"
] as const satisfies ReadonlyArray<keyof RunnerOptions>

/**
 * The options of runners, with a function of plain TypeScript to dispatch to.
 *
 * @since 0.2.0
 * @category options
 */
export interface RunnerSettings extends Omit<TaskRunnerOptions, "dispatch"> {
  readonly dispatch?: Dispatch | undefined
}

/**
 * Parts the options of a runner from others, such as those of its storage.
 *
 * @since 0.2.0
 * @category accessors
 */
export const partOptions = <Options extends RunnerSettings>(options: Options): {
  readonly own: RunnerSettings
  readonly others: Omit<Options, keyof RunnerSettings>
} => {
  requireObject("options", options)
  const {
    dispatch,
    lease,
    maxRunning,
    maxRunningPerSession,
    orphanTimeout,
    recovery,
    shutdownTimeout,
    whenFull,
    ...others
  } = options
  return {
    own: { dispatch, lease, maxRunning, maxRunningPerSession, orphanTimeout, recovery, shutdownTimeout, whenFull },
    others
  }
}

/**
 * Throws `InvalidInput` for durations in another form than the number of their milliseconds.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireRunnerDurations = (options: RunnerSettings): void => {
  requireMillis("lease", options.lease)
  requireMillis("shutdownTimeout", options.shutdownTimeout)
  requireMillis("orphanTimeout", options.orphanTimeout)
  if (isObject(options.recovery)) requireMillis("recovery.interval", options.recovery.interval)
}

/**
 * Throws `InvalidInput` for options that plain data can get wrong, whatever the unit of durations; the runner checks the
 * rest.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireRunnerSettings = ({ dispatch, recovery }: RunnerSettings): void => {
  if (isObject(recovery)) requireNames(recovery, new Set(["interval"]), "recovery.")
  else if (recovery !== undefined && recovery !== false) {
    throw new InvalidInput({ field: "recovery", reason: "must be false, or an object with an interval" })
  }
  if (dispatch !== undefined && typeof dispatch !== "function") {
    throw new InvalidInput({ field: "dispatch", reason: "must be a function" })
  }
}
