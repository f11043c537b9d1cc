/**
 * Which bounds concern a task.
 *
 * @since 0.2.0
 */
import type { StoredTask } from "../task/StoredTask.ts"
import { hasSeat } from "./ActiveBounds.ts"
import type { TaskBounds } from "./TaskDriver.ts"

/**
 * Gives the bounds that concern a new task: those on seats only if it takes one.
 *
 * @since 0.2.0
 * @category accessors
 */
export const boundsFor = (task: StoredTask, bounds: TaskBounds): TaskBounds =>
  bounds.active === undefined || hasSeat(task, bounds.active.whenMaxActive)
    ? bounds
    : { maxTasks: bounds.maxTasks, maxTasksPerSession: bounds.maxTasksPerSession }
