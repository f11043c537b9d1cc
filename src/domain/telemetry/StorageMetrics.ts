/**
 * The metrics of storages.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Metric from "effect/Metric"

/**
 * Gives the counter of the calls of an operation that the engine failed. Retryable is what may succeed later, as in an outage.
 *
 * @since 0.2.0
 * @category metrics
 */
export const errorsOf = (operation: string, retryable: boolean): ReturnType<typeof errorsWith> =>
  errorsWith({ operation, retryable: String(retryable) })

const errorsWith = (attributes: Readonly<Record<string, string>>) =>
  Metric.counter("mcp_tasks_storage_errors", {
    description: "Operations that the engine failed",
    incremental: true,
    attributes
  })

/**
 * Whether operations are timed: `false` by default, since that takes longer than some of them. `openTelemetry` turns it on.
 *
 * @since 0.2.0
 * @category services
 */
export const TimeOperations: Context.Reference<boolean> = Context.Reference<boolean>(
  "mcp-task-storage/TimeOperations",
  { defaultValue: () => false }
)

/**
 * Gives the histogram of how long an operation took, whatever came of it.
 *
 * @since 0.2.0
 * @category metrics
 */
export const durationOf = (operation: string): Metric.Histogram<Duration.Duration> => {
  let duration = durations.get(operation)
  if (duration === undefined) durations.set(operation, duration = durationWith({ operation }))
  return duration
}

const durations = new Map<string, ReturnType<typeof durationWith>>()

const durationWith = (attributes: Readonly<Record<string, string>>) =>
  Metric.timer("mcp_tasks_storage_duration", {
    description: "How long operations took",
    attributes,
    boundaries: Metric.exponentialBoundaries({ start: 0.25, factor: 2, count: 18 })
  })
