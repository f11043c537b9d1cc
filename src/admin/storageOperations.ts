/**
 * The operations that operators have just as a storage gives them.
 *
 * @since 0.2.0
 */

/**
 * Names what a storage gives operators as it is.
 *
 * @since 0.2.0
 * @category constants
 */
export const storageOperations = [
  "backendName",
  "listTaskSummaries",
  "getTask",
  "getTaskSummary",
  "rerunTask",
  "deleteTask",
  "changes",
  "listWorkers",
  "maintenance",
  "taskStats",
  "inspectStore",
  "pauseTasks",
  "resumeTasks",
  "pausedTasks"
] as const

/**
 * The name of what a storage gives operators as it is.
 *
 * @since 0.2.0
 * @category models
 */
export type StorageOperation = typeof storageOperations[number]
