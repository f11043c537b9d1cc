/**
 * What runners count and measure.
 *
 * @since 0.2.0
 */
import * as Metric from "effect/Metric"

/**
 * How many tasks run at the moment.
 *
 * @since 0.2.0
 * @category metrics
 */
export const running = Metric.gauge("mcp_tasks_running", { description: "Tasks that run at the moment" })

/**
 * How many tasks were settled, by `status`.
 *
 * @since 0.2.0
 * @category metrics
 */
export const settled = Metric.counter("mcp_tasks_settled", {
  description: "Tasks that ended, by status",
  incremental: true
})

/**
 * How many tasks were taken over from workers that died.
 *
 * @since 0.2.0
 * @category metrics
 */
export const recovered = Metric.counter("mcp_tasks_recovered", {
  description: "Tasks whose worker had died",
  incremental: true
})

/**
 * How often a worker noticed that its task was no longer its own.
 *
 * @since 0.2.0
 * @category metrics
 */
export const leaseLost = Metric.counter("mcp_tasks_lease_lost", {
  description: "Tasks that their worker lost to another",
  incremental: true
})

/**
 * How long tasks ran, each time that a worker had them.
 *
 * @since 0.2.0
 * @category metrics
 */
export const duration = Metric.timer("mcp_tasks_duration", { description: "How long workers had their tasks" })
