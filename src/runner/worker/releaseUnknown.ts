/**
 * Tasks that a process holds without knowing it.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { backgroundSleep } from "../../domain/effects/backgroundSleep.ts"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { untraced } from "../../domain/telemetry/untraced.ts"
import { countRetries, countSleeps } from "../handler/ownSteps.ts"
import type { Registration } from "../process/makeProcessWorker.ts"
import type { Outages } from "../process/Outages.ts"
import { isUnavailable, persist } from "../process/persist.ts"
import { withPatience } from "../queue/Turns.ts"
import type { TaskWorker } from "./TaskWorker.ts"
import { leaseToLeave } from "./WorkerSurroundings.ts"

/** How many tasks one read of the list gives. */
const pageSize = 200

/** Milliseconds between two looks at whether all of its writes are answered. */
const pause = 100

/**
 * What the search for such tasks needs.
 *
 * @since 0.2.0
 * @category models
 */
export interface UnknownTasksParts {
  readonly storage: TaskStorageShape
  /** Milliseconds. */
  readonly lease: number
  readonly outages: Outages
  /** The workers that run now, by their tasks. */
  readonly workers: ReadonlyMap<string, TaskWorker>
}

/**
 * Gives up the tasks that a registration holds and nobody here runs: the answer to their claim was lost. This process is alive and
 * would hold them for as long as it runs others. Call it for a registration that takes no more tasks.
 *
 * @since 0.2.0
 * @category combinators
 */
export const releaseUnknown = (
  { lease, outages, storage, workers }: UnknownTasksParts,
  registration: Registration
): Effect.Effect<void> => {
  const { workerId } = registration

  /** Whether each task that it is known to hold runs by now, and no write is under way that may give it another. */
  const isSettled = (): boolean => {
    let running = 0
    for (const worker of workers.values()) if (worker.registration === registration) running++
    return running === registration.tasks
  }
  const settled: Effect.Effect<void> = Effect.suspend(() =>
    registration.isLost || isSettled() ? Effect.void : Effect.andThen(backgroundSleep(pause), settled)
  )

  const insist = <A, E extends TaskStorageError>(call: () => Effect.Effect<A, E>) =>
    persist((patience) => withPatience(untraced(Effect.suspend(call)), patience), {
      outages,
      lease,
      isOutage: isUnavailable
    })

  const release = (taskId: string) =>
    Effect.flatMap(
      insist(() => storage.getTask(taskId)),
      Option.match({
        onNone: () => Effect.void,
        onSome: (task) =>
          task.worker !== workerId || workers.has(taskId)
            ? Effect.void
            : Effect.asVoid(
              insist(() =>
                storage.withSummary.touchTask(taskId, { attempt: task.attempt, lease: leaseToLeave(!wasFree(task)) })
              )
            )
      })
    ).pipe(
      // It has ended, or somebody else has it.
      Effect.ignore
    )

  const releaseFrom = (cursor: string | undefined): Effect.Effect<void, TaskStorageError> =>
    Effect.flatMap(
      insist(() => storage.listTaskSummaries({ worker: workerId, status: "working", limit: pageSize, cursor })),
      ({ nextCursor, tasks }) =>
        Effect.andThen(
          Effect.forEach(tasks.filter(({ taskId }) => !workers.has(taskId)), ({ taskId }) => release(taskId), {
            discard: true
          }),
          nextCursor === undefined ? Effect.void : releaseFrom(nextCursor)
        )
    )

  return Effect.andThen(
    settled,
    Effect.suspend(() => registration.isLost ? Effect.void : Effect.ignore(releaseFrom(undefined)))
  )
}

/**
 * Whether nobody had the task before the claim, or all who had it gave it back. Whether it was abandoned is not known after the claim.
 * A task that was created for its worker has revision 1.
 */
const wasFree = (task: TaskRecord): boolean =>
  task.revision > 1 && (task.attempt ?? 1) - 1 <= countSleeps(task) + countRetries(task)
