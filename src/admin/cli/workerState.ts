/**
 * Whether a worker lives.
 *
 * @since 0.2.0
 */
import type * as DateTime from "effect/DateTime"
import type { WorkerRecord } from "../../domain/task/WorkerRecord.ts"

/**
 * `overdue`: its lease has run out, and nobody has declared it dead yet.
 *
 * @since 0.2.0
 * @category models
 */
export type WorkerState = "live" | "overdue" | "dead"

/**
 * Tells whether a worker lives.
 *
 * @since 0.2.0
 * @category getters
 */
export const workerState = ({ diedAt, leaseExpiresAt }: WorkerRecord, now: DateTime.Utc): WorkerState =>
  diedAt !== undefined ? "dead" : leaseExpiresAt.epochMilliseconds < now.epochMilliseconds ? "overdue" : "live"
