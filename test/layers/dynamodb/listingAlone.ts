/** Lists that no write meets. */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"

/** More than there are calls at a time. */
const everybody = 1_000

/**
 * Wraps drivers so that none of them writes while one of them lists or counts. A list of DynamoDB is read at several
 * moments, one for each partition and each 100 tasks, and is not promised to be of a single one: a check that holds
 * concurrent answers against one order of all calls would notice.
 */
export const listingAlone = Effect.map(Semaphore.make(everybody), (calls) => (driver: TaskDriver): TaskDriver => {
  const alone = Semaphore.withPermits(calls, everybody)
  const together = Semaphore.withPermits(calls, 1)
  return {
    ...driver,
    insert: (...args) => together(driver.insert(...args)),
    patch: (...args) => together(driver.patch(...args)),
    remove: (...args) => together(driver.remove(...args)),
    page: (query) => alone(driver.page(query)),
    pageSummaries: (query) => alone(driver.pageSummaries(query)),
    count: (scope) => alone(driver.count(scope))
  }
})
