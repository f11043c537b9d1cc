/**
 * What a SQLite database needs from time to time.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { whileLocked } from "../sql/LockWait.ts"
import type { SqlRunner } from "../sql/SqlRunner.ts"
import { readInteger, type Row } from "../sql/TaskTables.ts"

/**
 * Statistics for the query planner; what is in the write-ahead log goes into the file as far as readers let it; and the log
 * is cut once all of it is there. Writers only go back to its start, so that a log which grew under a long reader would keep
 * its size.
 *
 * @since 0.2.0
 * @category combinators
 */
export const maintain = (runner: SqlRunner, lockTimeout: number): NonNullable<TaskDriver["maintain"]> =>
  Effect.gen(function*() {
    yield* runner.write({ text: "PRAGMA optimize", params: [] }, () => undefined)
    const checkpoint = yield* runner.write({ text: "PRAGMA wal_checkpoint(PASSIVE)", params: [] }, readCheckpoint)
    const { checkpointedPages, walPages } = checkpoint
    // Databases without a log, as those in memory, say -1.
    const isWhole = walPages >= 0 && checkpointedPages === walPages
    const walTruncated = isWhole && (yield* truncateLog(runner, lockTimeout))
    return { walPages, checkpointedPages, walTruncated }
  })

/**
 * Moves the write-ahead log into the database and cuts it. It waits for readers and writers as for a lock. Gives false when
 * that took too long: the next time will do.
 *
 * @since 0.2.0
 * @category combinators
 */
export const truncateLog = (runner: SqlRunner, lockTimeout: number): Effect.Effect<boolean, TaskDriverError> => {
  const inUse = "in use" as const
  const once = Effect.flatMap(
    runner.write({ text: "PRAGMA wal_checkpoint(TRUNCATE)", params: [] }, readCheckpoint),
    ({ isBusy }) => isBusy ? Effect.fail(inUse) : Effect.succeed(true)
  )
  return whileLocked(once, lockTimeout, (error) => error === inUse).pipe(
    Effect.catch((error) => error === inUse ? Effect.succeed(false) : Effect.fail(error))
  )
}

const readCheckpoint = ([row]: ReadonlyArray<Row>) => ({
  isBusy: readInteger(row?.[0]) === 1,
  walPages: readInteger(row?.[1]),
  checkpointedPages: readInteger(row?.[2])
})
