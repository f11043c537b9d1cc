/**
 * The primitives of workers under encryption.
 *
 * @since 0.2.0
 */
import type { WorkerDriver } from "../../domain/driver/WorkerDriver.ts"
import type { EveryMember } from "./driverOf.ts"

/**
 * Passes on what keeps workers: their rows hold no payload. What a worker says of itself, its host, its process and its version,
 * stays readable.
 *
 * @since 0.2.0
 * @category combinators
 */
export const passWorkers = (workers: WorkerDriver): WorkerDriver =>
  ({
    insert: (worker) => workers.insert(worker),
    renew: (workerId, leaseExpiresAt) => workers.renew(workerId, leaseExpiresAt),
    find: (workerId) => workers.find(workerId),
    declareDead: (query) => workers.declareDead(query),
    release: (query) => workers.release(query),
    list: (query) => workers.list(query),
    end: (workerId, at) => workers.end(workerId, at),
    removeDead: (diedBefore, limit) => workers.removeDead(diedBefore, limit),
    takeNews: (workerId) => workers.takeNews(workerId)
  }) satisfies EveryMember<WorkerDriver>
