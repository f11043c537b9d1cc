/**
 * Records as plain data, to compare.
 *
 * @since 0.1.0
 */
import type { TaskRecordFields, TaskSummary } from "../domain/task/TaskRecord.ts"
import type { WorkerRecord } from "../domain/task/WorkerRecord.ts"

/**
 * Gives the fields of a record in the order of their names, times in milliseconds since the epoch. A field that is
 * `undefined` counts as absent.
 *
 * @since 0.1.0
 * @category converting
 */
export const plainRecord = (record: TaskRecordFields | TaskSummary): { readonly [field: string]: unknown } =>
  sorted({
    ...record,
    createdAt: record.createdAt.epochMilliseconds,
    lastUpdatedAt: record.lastUpdatedAt.epochMilliseconds,
    leaseExpiresAt: record.leaseExpiresAt?.epochMilliseconds,
    startedAt: record.startedAt?.epochMilliseconds,
    failure: record.failure === undefined
      ? undefined
      : sorted({ ...record.failure, at: record.failure.at.epochMilliseconds })
  })

/**
 * Gives the fields of a worker in the order of their names, times in milliseconds since the epoch.
 *
 * @since 0.2.0
 * @category converting
 */
export const plainWorker = (worker: WorkerRecord): { readonly [field: string]: unknown } =>
  sorted({
    ...worker,
    registeredAt: worker.registeredAt.epochMilliseconds,
    leaseExpiresAt: worker.leaseExpiresAt.epochMilliseconds,
    diedAt: worker.diedAt?.epochMilliseconds
  })

/**
 * Gives the defined fields of an object in the order of their names.
 *
 * @since 0.1.0
 * @category converting
 */
export const sorted = (fields: { readonly [field: string]: unknown }): { readonly [field: string]: unknown } => {
  const defined: { [field: string]: unknown } = {}
  for (const field of Object.keys(fields).sort()) {
    if (fields[field] !== undefined) defined[field] = fields[field]
  }
  return defined
}
