/**
 * The end of a worker's hold on its task.
 *
 * @since 0.2.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"

/**
 * Why a worker stops before its work is done: the task has ended or is gone; another worker has it; the task waits without a
 * worker; the time of the worker is up; the runner ends.
 *
 * @since 0.2.0
 * @category models
 */
export type StopReason = EndOfHold | "suspended" | "deadline" | "shutdown"

/**
 * Why a worker no longer has its task.
 *
 * @since 0.2.0
 * @category models
 */
export type EndOfHold = "ended" | "lost"

/**
 * A write came too late: the task is no longer this worker's.
 *
 * @since 0.2.0
 * @category errors
 */
export class HoldEnded extends Data.TaggedError("HoldEnded")<{ readonly reason: EndOfHold }> {}

/**
 * Goes on only while the worker has its task. One that has lost it was told to stop.
 *
 * @since 0.2.0
 * @category combinators
 */
export const whileHeld = <A>(effect: Effect.Effect<A, HoldEnded>): Effect.Effect<A> =>
  Effect.catchTag(effect, "HoldEnded", () => Effect.never)

/**
 * Tells what an error says about the hold of the worker, if anything.
 *
 * @since 0.2.0
 * @category accessors
 */
export const endOfHold = (error: TaskStorageError): EndOfHold | undefined => {
  switch (error._tag) {
    case "LeaseLost":
    case "LeaseHeld":
      return "lost"
    case "TerminalState":
    case "ResultAlreadyStored":
    case "TaskNotFound":
      return "ended"
    case "ConcurrentModification":
    case "InputKeyReused":
    case "InvalidCursor":
    case "InvalidInput":
    case "InvalidTransition":
    case "MaxTasksReached":
    case "PayloadTooLarge":
    case "TaskAlreadyExists":
    case "TaskAlreadyRerun":
    case "TaskNotEnded":
    case "TaskStorageUnavailable":
    case "WorkerLost":
      return undefined
  }
}
