/**
 * How the adapter of a protocol and the tool that it calls speak with one another, through Effect's server and the
 * middleware in between.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { TaskRecord } from "../../domain/TaskRecord.ts"
import type { WireError } from "./WireError.ts"

/** A call that is to become a task. */
export interface TaskDraft {
  readonly name: string
  readonly arguments: unknown
  readonly ttl: Duration.Input | null | undefined
  readonly pollInterval: Duration.Input | undefined
  readonly meta: { readonly [key: string]: unknown }
}

/** What became of a call, where that is no plain result. */
type CallAnswer =
  | { readonly _tag: "Created"; readonly task: TaskRecord }
  | { readonly _tag: "Refused"; readonly error: WireError }

export interface CallSlot {
  /** Stores the call as a task and runs it; absent where the client takes no task for this call. */
  readonly create: ((draft: TaskDraft) => Effect.Effect<TaskRecord, WireError>) | undefined
  /** How a call is refused that has to become a task and cannot. */
  readonly refusal: WireError
  /** Whether wrong arguments are an error of the protocol, rather than a result that says so. */
  readonly strict: boolean
  /** Written by the tool, at most once, and read by the adapter when the call has ended. */
  answer: CallAnswer | undefined
}

/**
 * The slot of the present call; none where the server speaks a revision without tasks.
 *
 * @since 0.2.0
 * @category references
 */
export const CallSlot: Context.Reference<CallSlot | undefined> = Context.Reference<CallSlot | undefined>(
  "mcp-task-storage/mcp/CallSlot",
  { defaultValue: () => undefined }
)
