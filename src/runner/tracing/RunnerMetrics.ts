/**
 * The metrics of runners.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { TaskSummary } from "../../domain/task/TaskRecord.ts"

type Labels = Readonly<Record<string, string>>

/** Without a unit Prometheus would call a gauge a ratio, when it gets it by OTLP. */
const tasks = { unit: "{task}" }

const settledWith = (attributes: Labels) =>
  Metric.counter("mcp_tasks_settled", {
    description: "Tasks that ended, by status, kind of result, method and name",
    incremental: true,
    attributes
  })

const durationWith = (attributes: Labels) =>
  Metric.timer("mcp_tasks_duration", { description: "How long workers had their tasks", attributes })

/**
 * How many tasks run at the moment.
 *
 * @since 0.2.0
 * @category metrics
 */
export const running = Metric.gauge("mcp_tasks_running", {
  description: "Tasks that run at the moment",
  attributes: tasks
})

/**
 * How many tasks wait in this process because of its bounds.
 *
 * @since 0.2.0
 * @category metrics
 */
export const waitingForWorker = Metric.gauge("mcp_tasks_waiting_for_worker", {
  description: "Tasks that wait in this process until it may run more",
  attributes: tasks
})

/**
 * How many running tasks wait for answers of their clients. Tasks that wait without a worker do not count.
 *
 * @since 0.2.0
 * @category metrics
 */
export const waitingForInput = Metric.gauge("mcp_tasks_waiting_for_input", {
  description: "Tasks that run and wait for an answer",
  attributes: tasks
})

/**
 * How many tasks were settled, by {@link taskLabels}.
 *
 * @since 0.2.0
 * @category metrics
 */
export const settled = settledWith({})

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
 * How often a worker lost its task to another.
 *
 * @since 0.2.0
 * @category metrics
 */
export const leaseLost = Metric.counter("mcp_tasks_lease_lost", {
  description: "Tasks that their worker lost to another",
  incremental: true
})

/**
 * How long the task has been free that nobody takes for longest, of those that the latest look of this process found. A process
 * looks for them once a minute.
 *
 * @since 0.2.0
 * @category metrics
 */
export const overdue = Metric.gauge("mcp_tasks_overdue", {
  description: "How long a task has been free that nobody takes",
  attributes: { time_unit: "milliseconds" }
})

/**
 * How long workers had their tasks, by {@link taskLabels} at the end of that time.
 *
 * @since 0.2.0
 * @category metrics
 */
export const duration = durationWith({})

/**
 * The labels of a task: `status`, `result_kind` (`tool_error` for a tool that said so, whatever the status), `method`, and
 * the `name` that its handler is registered under. Clients choose the names of other tasks, and every name would be a series
 * of its own.
 *
 * @since 0.2.0
 * @category metrics
 */
export const taskLabels = (
  { originalMethod, resultKind, status }: Pick<TaskSummary, "originalMethod" | "resultKind" | "status">,
  name: string | undefined
): Record<string, string> => ({
  status,
  method: originalMethod,
  ...(name === undefined ? {} : { name }),
  ...(resultKind === undefined ? {} : { result_kind: resultKind })
})

/**
 * Gives {@link settled} and {@link duration} with the {@link taskLabels} of a task. A metric finds its series by a text of its
 * labels, which it makes once. So tasks of the same labels share their metrics, and find them without such a text.
 *
 * @since 0.2.0
 * @category metrics
 */
export const ofTask = (...[summary, name]: Parameters<typeof taskLabels>): TaskMetrics => {
  const { originalMethod, resultKind, status } = summary
  const ofName = within(within(byLabels, originalMethod), name)
  const key = resultKind === undefined ? status : `${status} ${resultKind}`
  let metrics = ofName.get(key)
  if (metrics === undefined) {
    const labels = taskLabels(summary, name)
    ofName.set(key, metrics = { settled: settledWith(labels), duration: durationWith(labels) })
  }
  return metrics
}

const within = <Key, Inner, Value>(maps: Map<Key, Map<Inner, Value>>, key: Key): Map<Inner, Value> => {
  let inner = maps.get(key)
  if (inner === undefined) maps.set(key, inner = new Map())
  return inner
}

/**
 * Gives the counter of tasks that failed and wait for their next try, by method, and by the name that their handler is registered
 * under.
 *
 * @since 0.2.0
 * @category metrics
 */
export const retriedOf = (method: string, name: string | undefined): ReturnType<typeof retriedWith> =>
  retriedWith(name === undefined ? { method } : { method, name })

const retriedWith = (attributes: Labels) =>
  Metric.counter("mcp_tasks_retried", {
    description: "Tasks that failed and are tried again",
    incremental: true,
    attributes
  })

/**
 * Shows the metrics without labels from the start on, at zero: what grows for the first time would not be seen to grow.
 *
 * @since 0.2.0
 * @category combinators
 */
export const begin: Effect.Effect<void> = Effect.forEach(
  [running, waitingForWorker, waitingForInput, recovered, leaseLost, overdue],
  (metric: Metric.Metric<never, unknown>) => Metric.value(metric),
  { discard: true }
)

interface TaskMetrics {
  readonly settled: ReturnType<typeof settledWith>
  readonly duration: ReturnType<typeof durationWith>
}

/** By method, by name, and by how they ended. The metrics themselves keep as many series. */
const byLabels = new Map<string, Map<string | undefined, Map<string, TaskMetrics>>>()
