/** What the page calls things. */
import type { ActionName, TaskJson } from "../Api.ts"

type Status = TaskJson["status"]

export const statuses: ReadonlyArray<Status> = ["working", "input_required", "completed", "failed", "cancelled"]

export const statusWords: { readonly [Name in Status]: string } = {
  working: "working",
  input_required: "waits for input",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled"
}

/** A sign beside the colour, which not everybody sees. */
export const statusSigns: { readonly [Name in Status]: string } = {
  working: "▶",
  input_required: "?",
  completed: "✓",
  failed: "✕",
  cancelled: "–"
}

export const hasEnded = (status: Status): boolean => status !== "working" && status !== "input_required"

/** A task that no worker has: it is free to be taken, or waits until later. */
export const waitsForWorker = ({ leaseExpiresAt, status, worker }: TaskJson): boolean =>
  status === "working" && worker === undefined && leaseExpiresAt === epoch

const epoch = "1970-01-01T00:00:00.000Z"

export const actionWords: {
  readonly [Name in ActionName]: { readonly verb: string; readonly done: string; readonly warning: string }
} = {
  cancel: {
    verb: "Cancel",
    done: "cancelled",
    warning: "A task that is cancelled ends, and its worker stops. It can be run again later, from its beginning."
  },
  rerun: {
    verb: "Run again",
    done: "run again",
    warning:
      "Each becomes a new task with the same parameters, which waits for a worker. What a tool did before, it may do again."
  },
  delete: {
    verb: "Delete",
    done: "deleted",
    warning: "A deleted task is gone, with its result and its messages. Nothing brings it back."
  }
}
