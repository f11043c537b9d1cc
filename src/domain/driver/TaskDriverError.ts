/**
 * The failure of an engine.
 *
 * @since 0.2.0
 */
import * as Data from "effect/Data"

/**
 * The engine failed. `reason` is a sentence for a person, without secrets and without its full stop. `applied` is `"unknown"`
 * if a write may have happened. `concerns` is `"store"` where the fault is known to be of the whole store and not of one task: every
 * other write meets it too.
 *
 * @since 0.1.0
 * @category errors
 */
export class TaskDriverError extends Data.TaggedError("TaskDriverError")<{
  readonly reason: string
  readonly retryable: boolean
  readonly applied: "no" | "unknown"
  readonly concerns?: "store"
  readonly cause?: unknown
}> {}
