/**
 * Hearing of the writes of others.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { newsOfSeats } from "../driver/ActiveBounds.ts"
import type { TaskDriver } from "../driver/TaskDriver.ts"
import { backgroundTicks } from "../effects/backgroundSleep.ts"
import { type Following, makeFollowing } from "../effects/Following.ts"
import { untraced } from "../telemetry/untraced.ts"
import type { TaskHub } from "./TaskHub.ts"

/** How often to look at a task that somebody waits for, if the driver does not signal the writes of others. */
const pollInterval = 250

/**
 * The writes of others, which are followed only while somebody waits.
 *
 * @since 0.2.0
 * @category models
 */
export interface ForeignWrites extends Following {
  /** The same for as long as a scope is open. */
  readonly listen: Effect.Effect<void, never, Scope.Scope>
  /** Opened when there may be news for a worker. */
  readonly workerNews: Set<Latch.Latch>
}

/**
 * Makes what wakes the waiters of a hub after the writes of others.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeForeignWrites = Effect.fnUntraced(
  function*(driver: TaskDriver, hub: TaskHub): Effect.fn.Return<ForeignWrites, never, Scope.Scope> {
    /** One call for all tasks that are waited for, if the driver can do that. The next signal retries a call that failed. */
    const lookAtAll = Effect.suspend(() => {
      hub.forgetCreated()
      const { taskIds } = hub
      if (driver.findRevisions === undefined) {
        return Effect.sync(() => taskIds.forEach((taskId) => hub.wake(taskId, "waiters")))
      }
      if (taskIds.length === 0) return Effect.void
      return Effect.ignoreCause(
        Effect.map(driver.findRevisions(taskIds), (versions) => hub.wakeOutdated(taskIds, versions))
      )
    })
    const workerNews = new Set<Latch.Latch>()
    /** There may be news of anything. Ticks are no news. */
    const wakeAll = Effect.suspend(() => {
      for (const latch of workerNews) latch.openUnsafe()
      if (driver.foreignWrites !== undefined) hub.wake(newsOfSeats, "everybody")
      return lookAtAll
    })
    const foreignWrites = driver.foreignWrites ?? backgroundTicks(pollInterval)
    const { hold } = yield* makeFollowing(
      untraced(Stream.runForEach(
        foreignWrites,
        (taskId) =>
          taskId === undefined
            ? wakeAll
            : Effect.sync(() => hub.wake(taskId, "everybody"))
      )),
      (isFollowing) => {
        hub.isFollowing = isFollowing
      }
    )
    const listen = Effect.asVoid(Effect.acquireRelease(Effect.sync(hold), (letGo) => Effect.sync(letGo)))
    return { hold, listen, workerNews }
  }
)
