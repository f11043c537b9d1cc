/**
 * The names of the options of every operation for operators, each list checked against its type.
 *
 * @since 0.2.0
 */
import { narrowingOptions } from "../domain/options/operationOptions.ts"
import { type OptionNames, optionNames } from "../domain/options/optionNames.ts"
import type { StatusMessageOption, StorageListOptions } from "../domain/options/TaskOptions.ts"
import type {
  BulkOptions,
  CancelTasksOptions,
  EraseOptions,
  ExportOptions,
  ImportTasksOptions,
  RerunTasksOptions,
  TaskSelection
} from "./AdminOptions.ts"

/** What narrows a selection. */
type Narrowing = Omit<StorageListOptions, "cursor" | "limit" | "order">

/**
 * The fields of a selection that narrow it.
 *
 * @since 0.2.0
 * @category constants
 */
export const narrowingFields: OptionNames<Narrowing> = ["sessionId", ...narrowingOptions]

/**
 * @since 0.2.0
 * @category constants
 */
export const selectionFields: OptionNames<TaskSelection> = [
  ...narrowingFields,
  ...optionNames<Omit<TaskSelection, keyof Narrowing>>({ order: true, all: true })
]

/**
 * @since 0.2.0
 * @category constants
 */
export const exportOptions = optionNames<ExportOptions>({ cursor: true, limit: true, concurrency: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const importTasksOptions = optionNames<ImportTasksOptions>({ dryRun: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const bulkOptions: OptionNames<BulkOptions> = [...exportOptions, ...importTasksOptions]

/**
 * @since 0.2.0
 * @category constants
 */
export const eraseOptions = optionNames<EraseOptions>({ dryRun: true, concurrency: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const rerunTasksOptions: OptionNames<RerunTasksOptions> = [
  ...bulkOptions,
  ...optionNames<Omit<RerunTasksOptions, keyof BulkOptions>>({ again: true, steps: true })
]

/**
 * @since 0.2.0
 * @category constants
 */
export const cancelOptions = optionNames<StatusMessageOption>({ statusMessage: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const cancelTasksOptions: OptionNames<CancelTasksOptions> = [...bulkOptions, ...cancelOptions]
