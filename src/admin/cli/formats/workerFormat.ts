/**
 * Workers in a table.
 *
 * @since 0.2.0
 */
import type { ListedWorker } from "../../../domain/service/WorkerOperations.ts"
import type { Colour } from "../colours.ts"
import type { Format } from "../printRows.ts"
import { shownAge } from "../times.ts"
import { type WorkerState, workerState } from "../workerState.ts"

const colours: { readonly [State in WorkerState]: Colour } = { live: "green", overdue: "yellow", dead: "red" }

/**
 * Shows workers in a table.
 *
 * @since 0.2.0
 * @category formats
 */
export const workerFormat: Format<ListedWorker> = (now) => [
  { title: "ID", cell: ({ worker }) => worker.workerId, narrowest: 9, keeps: "end" },
  {
    title: "STATE",
    cell: ({ worker }) => workerState(worker, now),
    colour: ({ worker }) => colours[workerState(worker, now)]
  },
  { title: "TASKS", cell: ({ tasks }) => String(tasks), align: "right" },
  { title: "HOST", cell: ({ worker }) => worker.host, narrowest: 8 },
  { title: "PID", cell: ({ worker }) => worker.pid?.toString(), align: "right" },
  {
    title: "PROGRAM",
    cell: ({ worker }) => [worker.name, worker.version].filter((part) => part !== undefined).join(" "),
    narrowest: 8,
    goes: 1
  },
  { title: "SINCE", cell: ({ worker }) => shownAge(worker.registeredAt, now), align: "right" },
  {
    title: "LEASE",
    cell: ({ worker }) => worker.diedAt === undefined ? shownAge(worker.leaseExpiresAt, now) : undefined,
    align: "right",
    goes: 2
  },
  {
    title: "DIED",
    cell: ({ worker }) => worker.diedAt === undefined ? undefined : shownAge(worker.diedAt, now),
    align: "right",
    goes: 3
  }
]
