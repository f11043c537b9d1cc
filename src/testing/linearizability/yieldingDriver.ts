/**
 * A driver that lets others go first.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { TaskDriver } from "../../domain/driver/TaskDriver.ts"

/** The most turns that are given away at a time. */
const maxTurns = 3

const giveTurns = Effect.flatMap(
  Random.nextIntBetween(0, maxTurns + 1),
  (turns) => Effect.forEach(Array.from({ length: turns }), () => Effect.yieldNow, { discard: true })
)

const around = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.andThen(giveTurns, Effect.tap(effect, () => giveTurns))

/**
 * Wraps a driver so that other fibers run before and after each of its primitives, for a random number of turns. Without it
 * the calls of an engine that answers at once would never interleave, and a missing guard would not show.
 *
 * @since 0.1.0
 * @category combinators
 */
export const yieldingDriver = (driver: TaskDriver): TaskDriver => ({
  ...driver,
  insert: (task, bounds, now) => around(driver.insert(task, bounds, now)),
  rerun: (...rerun) => around(driver.rerun(...rerun)),
  find: (taskId, scope) => around(driver.find(taskId, scope)),
  findSummary: (taskId, scope) => around(driver.findSummary(taskId, scope)),
  patch: (...write) => around(driver.patch(...write)),
  remove: (taskId, scope) => around(driver.remove(taskId, scope)),
  page: (query) => around(driver.page(query)),
  pageSummaries: (query) => around(driver.pageSummaries(query)),
  stale: (query) => around(driver.stale(query)),
  abandoned: (query) => around(driver.abandoned(query)),
  freeKinds: (query) => around(driver.freeKinds(query)),
  free: (query) => around(driver.free(query)),
  ...(driver.take === undefined ? {} : { take: yielding(driver.take) }),
  removeExpired: (now, limit) => around(driver.removeExpired(now, limit)),
  count: (scope) => around(driver.count(scope)),
  ...(driver.tally === undefined ? {} : { tally: yielding(driver.tally) }),
  ...(driver.findEnding === undefined ? {} : { findEnding: yielding(driver.findEnding) }),
  ...(driver.forget === undefined ? {} : { forget: yielding(driver.forget) }),
  messages: {
    push: (message) => around(driver.messages.push(message)),
    shift: (queue, now) => around(driver.messages.shift(queue, now)),
    drain: (queue, now) => around(driver.messages.drain(queue, now)),
    removeExpired: (now, limit) => around(driver.messages.removeExpired(now, limit))
  },
  workers: {
    insert: (worker) => around(driver.workers.insert(worker)),
    renew: (workerId, leaseExpiresAt) => around(driver.workers.renew(workerId, leaseExpiresAt)),
    find: (workerId) => around(driver.workers.find(workerId)),
    declareDead: (query) => around(driver.workers.declareDead(query)),
    release: (query) => around(driver.workers.release(query)),
    list: (query) => around(driver.workers.list(query)),
    end: (workerId, at) => around(driver.workers.end(workerId, at)),
    removeDead: (diedBefore, limit) => around(driver.workers.removeDead(diedBefore, limit)),
    takeNews: (workerId) => around(driver.workers.takeNews(workerId))
  },
  kinds: {
    pause: (pause) => around(driver.kinds.pause(pause)),
    resume: (kinds, now) => around(driver.kinds.resume(kinds, now)),
    paused: () => around(driver.kinds.paused())
  }
})

const yielding =
  <Args extends ReadonlyArray<unknown>, A, E>(primitive: (...args: Args) => Effect.Effect<A, E>) =>
  (...args: Args): Effect.Effect<A, E> => around(primitive(...args))
