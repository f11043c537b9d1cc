/**
 * Runners as layers.
 *
 * @since 0.2.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { InvalidInput } from "../domain/task/TaskError.ts"
import type { TaskStorage } from "../domain/TaskStorage.ts"
import { makeTaskRunner } from "./makeTaskRunner.ts"
import { TaskRunner } from "./service/TaskRunner.ts"
import type { TaskRunnerOptions } from "./service/TaskRunnerOptions.ts"

/**
 * Makes a runner of the tasks of a storage. When its scope ends it takes no more tasks, gives running tasks
 * `shutdownTimeout`, and leaves the rest to others.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options?: TaskRunnerOptions): Layer.Layer<TaskRunner, InvalidInput, TaskStorage> =>
  Layer.effect(TaskRunner, makeTaskRunner(options))

/**
 * A runner with options from the configuration. Options that are code, such as `dispatch`, are given beside them.
 *
 * **Example** (Options from the environment)
 *
 * ```ts no-run
 * import * as Config from "effect/Config"
 * import { layerConfig } from "mcp-task-storage/runner"
 *
 * const runner = layerConfig({
 *   maxRunning: Config.Int("MAX_RUNNING"),
 *   recovery: Config.Duration("RECOVERY_INTERVAL"),
 *   shutdownTimeout: Config.Duration("GRACE")
 * })
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<Omit<TaskRunnerOptions, "dispatch">>,
  code: Pick<TaskRunnerOptions, "dispatch"> = {}
): Layer.Layer<TaskRunner, InvalidInput | Config.ConfigError, TaskStorage> =>
  Layer.unwrap(Effect.map(Config.unwrap(options), (configured) => layer({ ...configured, ...code })))
