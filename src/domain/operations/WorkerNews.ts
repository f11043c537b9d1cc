/**
 * News for those who run tasks.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { newsOfPauses } from "../driver/KindDriver.ts"
import type { TaskDriver } from "../driver/TaskDriver.ts"
import { backgroundSleep } from "../effects/backgroundSleep.ts"
import type { ForeignWrites } from "./makeForeignWrites.ts"
import { pauseAfterFault } from "./pauseAfterFault.ts"
import type { TaskHub } from "./TaskHub.ts"

/** How often to ask for news of a worker, if the driver does not signal them. */
const newsInterval = 1_000

/**
 * News for workers, and of pauses.
 *
 * @since 0.2.0
 * @category models
 */
export interface WorkerNews {
  /** The ids of tasks that may have news for a worker. */
  readonly news: (workerId: string) => Stream.Stream<string>
  /** Emits when kinds may have been paused or resumed: by this process, or as a worker whose news it hears was told. */
  readonly pauseNews: Stream.Stream<void>
  /** Emits when another process may have left a seat, as long as a worker hears its news. */
  readonly seatNews: Stream.Stream<void>
}

/**
 * Makes the news of a driver.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeWorkerNews = (
  driver: TaskDriver,
  hub: TaskHub,
  { listen, workerNews }: ForeignWrites
): WorkerNews => {
  const news: WorkerNews["news"] = (workerId) =>
    Stream.callback<string>((queue) =>
      Effect.gen(function*() {
        const hear = (taskId: string): void => {
          if (taskId === newsOfPauses) hub.wake(taskId, "everybody")
          else Queue.offerUnsafe(queue, taskId)
        }
        yield* Effect.acquireRelease(
          Effect.sync(() => hub.addWorker(hear)),
          (remove) => Effect.sync(remove)
        )
        const latch = yield* Effect.acquireRelease(
          Effect.sync(() => {
            const latch = Latch.makeUnsafe(true)
            workerNews.add(latch)
            return latch
          }),
          (latch) => Effect.sync(() => workerNews.delete(latch))
        )
        const signalled = driver.foreignWrites === undefined ? backgroundSleep(newsInterval) : latch.await
        if (driver.foreignWrites !== undefined) yield* listen
        const take: Effect.Effect<void> = Effect.suspend(() => {
          latch.closeUnsafe()
          // A driver that dies once does not leave the worker deaf.
          return Effect.matchCauseEffect(driver.workers.takeNews(workerId), {
            onFailure: () => Effect.andThen(backgroundSleep(pauseAfterFault), take),
            onSuccess: (taskIds) => Effect.sync(() => taskIds.forEach(hear))
          })
        })
        return yield* Effect.forever(Effect.andThen(take, signalled))
      })
    )

  return {
    news,
    pauseNews: emitting((listener) => hub.addPauseListener(listener)),
    seatNews: emitting((listener) => hub.addSeatListener(listener))
  }
}

const emitting = (add: (listener: () => void) => () => void): Stream.Stream<void> =>
  Stream.callback<void>(
    (queue) =>
      Effect.acquireRelease(
        Effect.sync(() => add(() => Queue.offerUnsafe(queue, undefined))),
        (remove) => Effect.sync(remove)
      ),
    // One that is not read yet is as good as many.
    { bufferSize: 1, strategy: "dropping" }
  )
