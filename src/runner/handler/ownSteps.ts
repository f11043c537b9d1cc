/**
 * Steps that the runner itself takes.
 *
 * @since 0.2.0
 */
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"

const sleeps = "mcp-task-storage/sleep/"
const retries = "mcp-task-storage/retry/"

/**
 * Gives the key of the step that holds when a sleep is over, in milliseconds since the epoch.
 *
 * @since 0.2.0
 * @category constructors
 */
export const sleepStep = (key: string): string => `${sleeps}${key}`

/**
 * Gives the key of the step that says when a task was to be tried again for the so manieth time.
 *
 * @since 0.2.0
 * @category constructors
 */
export const retryStep = (retry: number): string => `${retries}${retry}`

/**
 * Tells how often a task was to be tried again.
 *
 * @since 0.2.0
 * @category accessors
 */
export const countRetries = (task: Pick<TaskRecord, "steps">): number => countSteps(task, retries)

/**
 * Tells how often a task slept. Each time may have cost an attempt.
 *
 * @since 0.2.0
 * @category accessors
 */
export const countSleeps = (task: Pick<TaskRecord, "steps">): number => countSteps(task, sleeps)

const countSteps = ({ steps = {} }: Pick<TaskRecord, "steps">, prefix: string): number =>
  Object.keys(steps).filter((key) => key.startsWith(prefix)).length
