/**
 * Runners as layers.
 *
 * @since 0.2.0
 */
import * as Layer from "effect/Layer"
import type { InvalidInput } from "../domain/TaskError.ts"
import type { TaskStorage } from "../domain/TaskStorage.ts"
import { makeTaskRunner } from "./makeTaskRunner.ts"
import { TaskRunner } from "./TaskRunner.ts"
import type { TaskRunnerOptions } from "./TaskRunnerOptions.ts"

/**
 * A runner of the tasks of a storage. When it ends it takes no more tasks, gives those that run their time, and leaves
 * the rest to others.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options?: TaskRunnerOptions): Layer.Layer<TaskRunner, InvalidInput, TaskStorage> =>
  Layer.effect(TaskRunner, makeTaskRunner(options))
