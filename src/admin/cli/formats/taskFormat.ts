/**
 * Tasks in a table.
 *
 * @since 0.2.0
 */
import type { TaskSummary } from "../../../domain/task/TaskRecord.ts"
import { isTerminal, type TaskStatus } from "../../../domain/task/TaskStatus.ts"
import type { Colour } from "../colours.ts"
import type { Format } from "../printRows.ts"
import { shownAge, shownLength } from "../times.ts"

/**
 * The look of each status.
 *
 * @since 0.2.0
 * @category constants
 */
export const statusColours: { readonly [Status in TaskStatus]: Colour } = {
  working: "cyan",
  input_required: "yellow",
  completed: "green",
  failed: "red",
  cancelled: "dim"
}

/**
 * Says why a task is as it is: what really went wrong, or else what the client is told.
 *
 * @since 0.2.0
 * @category getters
 */
export const reasonOf = ({ failure, resultKind, statusMessage }: TaskSummary): string | undefined =>
  failure !== undefined
    ? `${failure.name}: ${failure.message}`
    : statusMessage ?? (resultKind === "tool_error" ? "the tool answered with an error" : undefined)

/**
 * Shows how long a task ran, if a worker had it and it has ended.
 *
 * @since 0.2.0
 * @category getters
 */
export const ranFor = ({ lastUpdatedAt, startedAt, status }: TaskSummary): string | undefined =>
  startedAt !== undefined && isTerminal(status)
    ? shownLength(lastUpdatedAt.epochMilliseconds - startedAt.epochMilliseconds)
    : undefined

/**
 * Shows tasks in a table.
 *
 * @since 0.2.0
 * @category formats
 */
export const taskFormat: Format<TaskSummary> = (now) => [
  { title: "ID", cell: ({ taskId }) => taskId, narrowest: 9, keeps: "end" },
  { title: "STATUS", cell: ({ status }) => status, narrowest: 9, colour: ({ status }) => statusColours[status] },
  { title: "NAME", cell: ({ name, originalMethod }) => name ?? originalMethod, narrowest: 10 },
  { title: "AGE", cell: ({ createdAt }) => shownAge(createdAt, now), align: "right" },
  { title: "UPDATED", cell: ({ lastUpdatedAt }) => shownAge(lastUpdatedAt, now), align: "right", goes: 2 },
  { title: "RAN", cell: ranFor, align: "right", goes: 3 },
  { title: "WORKER", cell: ({ worker }) => worker, narrowest: 9, keeps: "end", goes: 4 },
  { title: "SESSION", cell: ({ sessionId }) => sessionId, narrowest: 8, goes: 5 },
  { title: "WHY", cell: reasonOf, narrowest: 24, goes: 1 }
]
