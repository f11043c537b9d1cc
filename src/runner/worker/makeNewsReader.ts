/**
 * What others write to the tasks that a process runs.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import { backgroundSleep } from "../../domain/effects/backgroundSleep.ts"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import { untraced } from "../../domain/telemetry/untraced.ts"
import type { Outages } from "../process/Outages.ts"
import { firstPatience, isUnavailable } from "../process/persist.ts"
import { errorOf } from "../queue/errorOf.ts"
import { withPatience } from "../queue/Turns.ts"
import type { Fork } from "./ProgressReports.ts"
import type { TaskWorker } from "./TaskWorker.ts"

/** How many tasks are read side by side. */
const atOnce = 8

/** Milliseconds until a task is read again that could not be. */
const pauseAfterFault = 1_000

/**
 * What a reader of news needs.
 *
 * @since 0.2.0
 * @category models
 */
export interface NewsReaderParts {
  readonly storage: TaskStorageShape
  /** Milliseconds. */
  readonly lease: number
  readonly outages: Outages
  /** Starts what runs until the runner ends. */
  readonly fork: Fork
  /** The worker that has a task here. */
  readonly workerOf: (taskId: string) => TaskWorker | undefined
}

/**
 * Hears of tasks that others may have written.
 *
 * @since 0.2.0
 * @category models
 */
export interface NewsReader {
  readonly hear: (taskId: string) => void
}

/**
 * Makes the one reader of a process. It reads the tasks that have news, and tells their workers: of answers, a cancel, an end, or
 * another worker.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeNewsReader = (
  { fork, lease, outages, storage, workerOf }: NewsReaderParts
): Effect.Effect<NewsReader> =>
  Effect.suspend(() => {
    const heard = new Set<string>()
    const latch = Latch.makeUnsafe(false)
    const reading = {}

    const hear = (taskId: string): void => {
      if (workerOf(taskId) === undefined) return
      heard.add(taskId)
      latch.openUnsafe()
    }

    const readOne = (taskId: string): Effect.Effect<boolean> =>
      Effect.suspend(() => {
        const worker = workerOf(taskId)
        if (worker === undefined) return Effect.succeed(true)
        const { over } = outages
        return Effect.matchCauseEffect(withPatience(untraced(storage.getTask(taskId)), firstPatience(lease)), {
          onSuccess: (found) => {
            worker.note(Option.getOrUndefined(found))
            return Effect.as(outages.answered(reading), true)
          },
          onFailure: (cause) => {
            const error = errorOf(cause)
            if (!isUnavailable(error)) return Effect.die(error)
            hear(taskId)
            return Effect.as(outages.failed(reading, error, over), false)
          }
        })
      })

    const readAll = Effect.suspend(() => {
      latch.closeUnsafe()
      const taskIds = [...heard]
      heard.clear()
      return Effect.flatMap(Effect.forEach(taskIds, readOne, { concurrency: atOnce }), (areRead) =>
        areRead.includes(false) ? backgroundSleep(pauseAfterFault) : Effect.void)
    })

    return Effect.as(fork(Effect.forever(Effect.andThen(latch.await, readAll))), { hear })
  })
