/**
 * The failure of an engine.
 *
 * @since 0.2.0
 */
import * as Data from "effect/Data"

/**
 * The engine failed. `reason` is a sentence for a person, without secrets and without its full stop. `applied` is `"unknown"`
 * if a write may have happened.
 *
 * @since 0.1.0
 * @category errors
 */
export class TaskDriverError extends Data.TaggedError("TaskDriverError")<{
  readonly reason: string
  readonly retryable: boolean
  readonly applied: "no" | "unknown"
  readonly cause?: unknown
}> {}
