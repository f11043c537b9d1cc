/** A driver whose every primitive goes through one function. */
import type * as Effect from "effect/Effect"
import type { TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"

/** What is known of a primitive beside its effect. */
export interface Primitive {
  readonly name: string
  /** Whether it may change what is stored. */
  readonly writes: boolean
}

export type Around = <A, E>(
  primitive: Primitive,
  effect: Effect.Effect<A, E | TaskDriverError>
) => Effect.Effect<A, E | TaskDriverError>

export const wrapPrimitives = (driver: TaskDriver, around: Around): TaskDriver => {
  const read = <A>(name: string, effect: Effect.Effect<A, TaskDriverError>) => around({ name, writes: false }, effect)
  const write = <A>(name: string, effect: Effect.Effect<A, TaskDriverError>) => around({ name, writes: true }, effect)
  const { findEnding, forget, kinds, messages, take, tally, transaction, workers } = driver
  return {
    ...driver,
    insert: (task, bounds, now) => write("insert", driver.insert(task, bounds, now)),
    rerun: (...rerun) => write("rerun", driver.rerun(...rerun)),
    find: (taskId, scope) => read("find", driver.find(taskId, scope)),
    findSummary: (taskId, scope) => read("findSummary", driver.findSummary(taskId, scope)),
    patch: (...patch) => write("patch", driver.patch(...patch)),
    remove: (taskId, scope) => write("remove", driver.remove(taskId, scope)),
    page: (query) => read("page", driver.page(query)),
    pageSummaries: (query) => read("pageSummaries", driver.pageSummaries(query)),
    stale: (query) => read("stale", driver.stale(query)),
    abandoned: (query) => read("abandoned", driver.abandoned(query)),
    freeKinds: (query) => read("freeKinds", driver.freeKinds(query)),
    free: (query) => read("free", driver.free(query)),
    ...(take === undefined ? {} : { take: (query, patch) => write("take", take(query, patch)) }),
    removeExpired: (now, limit) => write("removeExpired", driver.removeExpired(now, limit)),
    count: (scope) => read("count", driver.count(scope)),
    ...(tally === undefined ? {} : { tally: (query) => read("tally", tally(query)) }),
    ...(findEnding === undefined ? {} : { findEnding: (query) => read("findEnding", findEnding(query)) }),
    ...(forget === undefined ? {} : { forget: (session) => write("forget", forget(session)) }),
    messages: {
      push: (message) => write("messages.push", messages.push(message)),
      shift: (queue, now) => write("messages.shift", messages.shift(queue, now)),
      drain: (queue, now) => write("messages.drain", messages.drain(queue, now)),
      removeExpired: (now, limit) => write("messages.removeExpired", messages.removeExpired(now, limit))
    },
    workers: {
      insert: (worker) => write("workers.insert", workers.insert(worker)),
      renew: (workerId, leaseExpiresAt) => write("workers.renew", workers.renew(workerId, leaseExpiresAt)),
      find: (workerId) => read("workers.find", workers.find(workerId)),
      declareDead: (query) => write("workers.declareDead", workers.declareDead(query)),
      release: (query) => write("workers.release", workers.release(query)),
      list: (query) => read("workers.list", workers.list(query)),
      end: (workerId, at) => write("workers.end", workers.end(workerId, at)),
      removeDead: (diedBefore, limit) => write("workers.removeDead", workers.removeDead(diedBefore, limit)),
      takeNews: (workerId) => write("workers.takeNews", workers.takeNews(workerId))
    },
    kinds: {
      pause: (pause) => write("kinds.pause", kinds.pause(pause)),
      resume: (paused, now) => write("kinds.resume", kinds.resume(paused, now)),
      paused: () => read("kinds.paused", kinds.paused())
    },
    ...(transaction === undefined
      ? {}
      : { transaction: (effect) => around({ name: "transaction", writes: true }, transaction(effect)) })
  }
}
