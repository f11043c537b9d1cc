/**
 * What the page and its server say to each other. Times are ISO 8601 in UTC.
 *
 * @since 0.2.0
 */
import type { TaskStats } from "../../domain/service/TaskStats.ts"
import type { TaskSummary } from "../../domain/task/TaskRecord.ts"
import type { WorkerRecord } from "../../domain/task/WorkerRecord.ts"

/**
 * A task without its payloads.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskJson = Omit<typeof TaskSummary.Encoded, "meta">

/**
 * @since 0.2.0
 * @category models
 */
export interface WorkerJson {
  readonly worker: typeof WorkerRecord.Encoded
  readonly tasks: number
}

/**
 * A page of the list of tasks.
 *
 * @since 0.2.0
 * @category models
 */
export interface TasksView {
  readonly tasks: ReadonlyArray<TaskJson>
  /** The filter with times of its own, which the cursor belongs to. */
  readonly fixed: string
  readonly nextCursor?: string
  /** How many tasks the storage looked at, where no index serves the filter. */
  readonly examined?: number
}

/**
 * The parts of a task that only its user can judge, which are shown on demand.
 *
 * @since 0.2.0
 * @category models
 */
export const payloadParts = [
  "originalParams",
  "result",
  "steps",
  "inputRequests",
  "inputResponses",
  "requestState",
  "principal",
  "meta"
] as const

/**
 * @since 0.2.0
 * @category models
 */
export type PayloadPart = (typeof payloadParts)[number]

/**
 * One task: all but what is in its payloads.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskView {
  readonly task: TaskJson
  /** Who has it, or had it when it ended, while that worker is listed. */
  readonly worker?: WorkerJson["worker"]
  readonly outcome?: { readonly _tag: "Success" } | {
    readonly _tag: "Error"
    readonly code: number
    readonly message: string
  }
  /** The keys of the steps that are done, of the questions that wait, and of the answers that came. */
  readonly steps: ReadonlyArray<string>
  readonly questions: ReadonlyArray<string>
  readonly answers: ReadonlyArray<string>
  /** How many characters of JSON each payload has. */
  readonly payloads: { readonly [Part in PayloadPart]?: number }
}

/**
 * @since 0.2.0
 * @category models
 */
export interface WorkersView {
  readonly workers: ReadonlyArray<WorkerJson>
}

/**
 * How many tasks ran, ended well and failed in one piece of the time.
 *
 * @since 0.2.0
 * @category models
 */
export interface HistoryPoint {
  /** Seconds since 1970, at the end of the piece. */
  readonly at: number
  readonly running: number
  readonly settled: number
  readonly failed: number
}

/**
 * How long the tasks of a kind took, in milliseconds.
 *
 * @since 0.2.0
 * @category models
 */
export interface KindDurations {
  readonly method: string
  readonly name?: string
  readonly count: number
  readonly failed: number
  readonly median: number
  readonly p95: number
  readonly longest: number
}

/**
 * What the tasks say that were written within a span of time.
 *
 * @since 0.2.0
 * @category models
 */
export interface History {
  readonly points: ReadonlyArray<HistoryPoint>
  readonly durations: ReadonlyArray<KindDurations>
  /** How many tasks were looked at, the newest first. */
  readonly examined: number
  /** Whether there were more, which are left out. */
  readonly partial: boolean
}

/**
 * How things stand. `Time` is a text once it is sent.
 *
 * @since 0.2.0
 * @category models
 */
export interface OverviewView<Time = string> {
  readonly stats: TaskStats<Time>
  readonly history: History
}

/**
 * The ids that end so, as far as they are shown.
 *
 * @since 0.2.0
 * @category models
 */
export interface FoundView {
  readonly ids: ReadonlyArray<string>
}

/**
 * The changes of the page.
 *
 * @since 0.2.0
 * @category models
 */
export const actionNames = ["cancel", "rerun", "delete"] as const

/**
 * @since 0.2.0
 * @category models
 */
export type ActionName = (typeof actionNames)[number]

/**
 * A change of one task.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskAction {
  readonly action: ActionName
  readonly taskId: string
  /** For a rerun: runs it again although it was run again before. */
  readonly again?: boolean
  /** For a rerun: takes the results of its steps along. */
  readonly steps?: boolean
}

/**
 * @since 0.2.0
 * @category models
 */
export interface TaskActionAnswer {
  /** The task that does it again. */
  readonly rerunAs?: string
}

/**
 * A change of all tasks of a filter, or what it would change. It takes several requests, each of which goes on from the cursor of
 * the one before.
 *
 * @since 0.2.0
 * @category models
 */
export interface BulkAction {
  readonly action: ActionName
  /** As it stands in the address, with times of its own. Empty means all tasks, and has to be said by `all`. */
  readonly filter: string
  readonly all?: boolean
  readonly dryRun?: boolean
  readonly steps?: boolean
  readonly cursor?: string
}

/**
 * What one request of several did.
 *
 * @since 0.2.0
 * @category models
 */
export interface BulkAnswer {
  readonly done: number
  readonly skipped: number
  readonly failed: number
  /** The first message of those that failed. */
  readonly message?: string
  readonly nextCursor?: string
}

/**
 * Pauses a kind of tasks, or ends its pause. Without `name` all names are meant, and `null` means tasks without a name.
 *
 * @since 0.2.0
 * @category models
 */
export interface PauseAction {
  readonly method: string
  readonly name?: string | null
  readonly pause: boolean
}

/**
 * Why something was refused.
 *
 * @since 0.2.0
 * @category models
 */
export interface ErrorAnswer {
  readonly error: { readonly _tag: string; readonly message: string }
}
