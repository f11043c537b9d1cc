/**
 * What is counted, in tables.
 *
 * @since 0.2.0
 */
import type { FailureStats, KindStats, StatusStats } from "../../../domain/service/TaskStats.ts"
import type { TaskStatus } from "../../../domain/task/TaskStatus.ts"
import { shownCount } from "../counted.ts"
import type { Format } from "../printRows.ts"
import { shownAge } from "../times.ts"
import { statusColours } from "./taskFormat.ts"

/**
 * Shows how many tasks are in each status.
 *
 * @since 0.2.0
 * @category formats
 */
export const statusFormat: Format<StatusStats & { readonly status: TaskStatus }> = (now) => [
  { title: "STATUS", cell: ({ status }) => status, colour: ({ status }) => statusColours[status] },
  { title: "TASKS", cell: ({ count }) => shownCount(count), align: "right" },
  {
    title: "OLDEST",
    cell: ({ oldest }) => oldest === undefined ? undefined : shownAge(oldest, now),
    align: "right"
  }
]

/** None is an empty cell, so that the others catch the eye. */
const some = (count: number): string | undefined => count === 0 ? undefined : shownCount(count)

/**
 * Shows how many tasks there are of each name.
 *
 * @since 0.2.0
 * @category formats
 */
export const kindFormat: Format<KindStats> = () => [
  { title: "NAME", cell: ({ name }) => name, narrowest: 10 },
  { title: "METHOD", cell: ({ method }) => method, narrowest: 8 },
  { title: "TASKS", cell: ({ count }) => shownCount(count), align: "right" },
  { title: "WORKING", cell: ({ byStatus }) => some(byStatus.working.count), align: "right" },
  { title: "INPUT", cell: ({ byStatus }) => some(byStatus.input_required.count), align: "right" },
  { title: "COMPLETED", cell: ({ byStatus }) => some(byStatus.completed.count), align: "right" },
  { title: "FAILED", cell: ({ byStatus }) => some(byStatus.failed.count), align: "right", colour: () => "red" },
  { title: "CANCELLED", cell: ({ byStatus }) => some(byStatus.cancelled.count), align: "right" }
]

/**
 * Shows why tasks failed.
 *
 * @since 0.2.0
 * @category formats
 */
export const failureFormat: Format<FailureStats> = (now) => [
  { title: "FAILED", cell: ({ count }) => shownCount(count), align: "right", colour: () => "red" },
  { title: "LATEST", cell: ({ latest }) => shownAge(latest, now), align: "right" },
  { title: "NAME", cell: ({ method, name }) => name ?? method, narrowest: 10 },
  { title: "WHY", cell: ({ reason }) => reason === "" ? "no reason is stored" : reason, narrowest: 20 }
]
