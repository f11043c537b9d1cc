/**
 * The options of a runner when it is opened.
 *
 * @since 0.2.0
 */
import * as Struct from "effect/Struct"
import { taskRunnerOptions } from "../runner/service/ResolvedRunnerOptions.ts"
import type { DispatchOptions, TaskRunnerOptions } from "../runner/service/TaskRunnerOptions.ts"
import { requireObject } from "./arguments.ts"
import type { LayerOpenOptions, OpenOptions } from "./OpenOptions.ts"
import type { ReportOptions } from "./ReportOptions.ts"

/**
 * Gets the id of each task that is to be run.
 *
 * @since 0.2.0
 * @category options
 */
export type Dispatch = (taskId: string, options: DispatchOptions) => void | Promise<void>

/**
 * Options of runners.
 *
 * @since 0.2.0
 * @category options
 */
export interface RunnerOptions extends Omit<TaskRunnerOptions, "dispatch"> {
  /**
   * Gets the id of each task that is to be run: after it was stored, and after the last answer that it waited for. With this
   * option the runner begins nothing by itself. Put the id on a queue, and call `runTask` in the process that receives it.
   * A task that sleeps, or is to be tried again, comes with a `delay` in milliseconds.
   * If it rejects, the error is logged, and the task waits in the storage until somebody recovers it.
   */
  readonly dispatch?: Dispatch | undefined
}

/**
 * Options for a runner on storage that is open. Without `onError` and `logger` those of the storage hear of its tasks.
 *
 * @since 0.2.0
 * @category options
 */
export interface StorageRunnerOptions extends RunnerOptions, ReportOptions {}

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
 * Parts the options of a runner from others, such as those of its storage.
 *
 * @since 0.2.0
 * @category accessors
 */
export const partOptions = <Options extends RunnerOptions>(options: Options): {
  readonly own: Pick<Options, keyof RunnerOptions>
  readonly others: Omit<Options, keyof RunnerOptions>
} => {
  requireObject("options", options)
  return { own: Struct.pick(options, taskRunnerOptions), others: Struct.omit(options, taskRunnerOptions) }
}
