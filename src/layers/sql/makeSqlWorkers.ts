/**
 * Registered workers in SQL.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { Renewal, StoredWorker, WorkerDriver } from "../../domain/driver/WorkerDriver.ts"
import type { SqlDialect } from "./SqlDialect.ts"
import { isSome, type SqlRunner } from "./SqlRunner.ts"
import { isHeld, type SqlStatement } from "./SqlStatement.ts"
import { readIds, type SqlWrites } from "./SqlWrites.ts"
import { orNull, readInteger, readJson, readText, type Row, type TaskTables } from "./TaskTables.ts"

/**
 * Makes the workers of a driver. Workers are few, so that only their tasks are found by an index.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeSqlWorkers = (
  { news, tasks, workers }: TaskTables,
  { among, engineTime, forUpdate, idList, joinEach, locksWhole, skipLocked }: SqlDialect,
  { read, write }: SqlRunner,
  removeWorkers: SqlWrites["removeWorkers"]
): WorkerDriver => {
  const columns = fields.join(", ")
  const insert = `INSERT INTO ${workers} (${columns}) VALUES (${fields.map(() => "?").join(", ")})`
  const renew = `UPDATE ${workers} SET lease_expires_at = ? WHERE worker_id = ? AND died_at IS NULL ` +
    `RETURNING ${columns}${engineTime === undefined ? "" : `, ${engineTime}`}`
  const find = `SELECT ${columns} FROM ${workers} WHERE worker_id = ?`
  const heldBy = (who: string) => `worker = ${who} AND ${isHeld} ORDER BY task_id LIMIT`
  const holdsNothing = `(SELECT 1 FROM ${tasks} WHERE ${heldBy(`${workers}.worker_id`)} 1) IS NULL`
  const list = `SELECT ${columns}, (SELECT count(*) FROM ${tasks} WHERE worker = ${workers}.worker_id AND ${isHeld}) ` +
    `FROM ${workers} WHERE worker_id > ? ORDER BY worker_id LIMIT ?`
  const end = `UPDATE ${workers} SET died_at = ? WHERE worker_id = ? AND died_at IS NULL`

  // The condition is tested again once the row is locked: a renewal may have come first.
  const isExpired = "died_at IS NULL AND lease_expires_at <= ? AND worker_id <> ?"
  const expired = `SELECT worker_id FROM ${workers} WHERE ${isExpired} ORDER BY worker_id LIMIT ?`
  const declareDead = `WITH expired AS MATERIALIZED (${expired}${skipLocked}) UPDATE ${workers} SET died_at = ? ` +
    `WHERE worker_id ${among("SELECT worker_id FROM expired")} AND ${isExpired} RETURNING worker_id`

  const forgotten = `SELECT worker_id FROM ${workers} WHERE died_at < ? AND ${holdsNothing} ORDER BY worker_id LIMIT ?`
  const removeDead = `WITH forgotten AS MATERIALIZED (${forgotten}${skipLocked}) DELETE FROM ${workers} ` +
    `WHERE worker_id ${among("SELECT worker_id FROM forgotten")} RETURNING worker_id`

  const waiting = `SELECT task_id FROM ${news} WHERE worker_id = ?`
  // An entry that is locked belongs to a write that nobody can read yet.
  const takeNews =
    `WITH waiting AS MATERIALIZED (${waiting} AND task_id ${among(idList)}${skipLocked}) DELETE FROM ${news} ` +
    `WHERE worker_id = ? AND task_id ${among("SELECT task_id FROM waiting")} RETURNING task_id`

  // They are free from then on, so that nobody has to move them.
  const release = (held: string) =>
    `WITH held AS MATERIALIZED (${held}) ` +
    `UPDATE ${tasks} SET lease_expires_at = ?, due_at = NULL, ready = 1, revision = ${tasks}.revision + 1 ` +
    `WHERE task_id ${among("SELECT task_id FROM held")} AND ${isHeld} RETURNING task_id`
  const ofOne = `SELECT task_id FROM ${tasks} WHERE ${heldBy("?")} ?`
  const ofDead = (lock: boolean) =>
    `SELECT task.task_id FROM (SELECT worker_id FROM ${workers} WHERE died_at IS NOT NULL) AS dead ` +
    `${joinEach(tasks, `${heldBy("dead.worker_id")} ?`, lock)} LIMIT ?`
  const [releaseOfOne, lookAtDead, releaseOfDead] = [
    release(`${ofOne}${forUpdate}`),
    ofDead(false),
    release(ofDead(true))
  ]

  /** A write. Where it would keep others from writing, it is only a look as long as there is nothing to write. */
  const writeSome = <A>(
    look: SqlStatement,
    statement: SqlStatement,
    writeAll: (statement: SqlStatement) => Effect.Effect<ReadonlyArray<A>, TaskDriverError>
  ): Effect.Effect<ReadonlyArray<A>, TaskDriverError> =>
    locksWhole
      ? Effect.flatMap(read(look, isSome), (some) => some ? writeAll(statement) : Effect.succeed([]))
      : writeAll(statement)
  const writeIds = (statement: SqlStatement) => write(statement, readIds)

  return {
    insert: ({ about, diedAt, leaseExpiresAt, registeredAt, workerId }) =>
      write({ text: insert, params: [workerId, registeredAt, leaseExpiresAt, diedAt, about.text] }, () => undefined),

    renew: (workerId, leaseExpiresAt) =>
      write({ text: renew, params: [leaseExpiresAt, workerId] }, ([row]): Renewal =>
        row === undefined
          ? { worker: undefined }
          : {
            worker: readWorker(row),
            ...(engineTime === undefined ? {} : { engineTime: readInteger(row[fields.length]) })
          }),

    find: (workerId) =>
      read({ text: find, params: [workerId] }, ([row]) => row === undefined ? undefined : readWorker(row)),

    // Always a write: while a file is locked for writes, its workers cannot renew, and whoever declares them dead has to know.
    declareDead: ({ at, except = "", expiredBy, limit }) =>
      writeIds({ text: declareDead, params: [expiredBy, except, limit, at, expiredBy, except] }),

    release: ({ leaseExpiresAt, limit, workerId }) =>
      Effect.map(
        workerId === undefined
          ? writeSome(
            { text: lookAtDead, params: [1, 1] },
            { text: releaseOfDead, params: [limit, limit, leaseExpiresAt] },
            writeIds
          )
          : writeSome(
            { text: ofOne, params: [workerId, 1] },
            { text: releaseOfOne, params: [workerId, limit, leaseExpiresAt] },
            writeIds
          ),
        (released) => released.length
      ),

    list: ({ behind = "", limit }) =>
      read(
        { text: list, params: [behind, limit] },
        (rows) => rows.map((row) => ({ worker: readWorker(row), tasks: readInteger(row[fields.length]) }))
      ),

    end: (workerId, at) => write({ text: end, params: [at, workerId] }, () => undefined),

    removeDead: (diedBefore, limit) =>
      Effect.map(
        writeSome(
          { text: forgotten, params: [diedBefore, 1] },
          { text: removeDead, params: [diedBefore, limit] },
          removeWorkers
        ),
        (removed) => removed.length
      ),

    // If only the statement that deletes them knew which they are, they would be lost with its answer.
    takeNews: (workerId) =>
      Effect.flatMap(read({ text: waiting, params: [workerId] }, readIds), (taskIds) =>
        taskIds.length === 0
          ? Effect.succeed(taskIds)
          : Effect.catch(
            writeIds({ text: takeNews, params: [workerId, JSON.stringify(taskIds), workerId] }),
            // To tell of them twice does no harm.
            (error) => error.applied === "unknown" ? Effect.succeed(taskIds) : Effect.fail(error)
          ))
  }
}

const fields = ["worker_id", "registered_at", "lease_expires_at", "died_at", "about"]

const readWorker = (row: Row): StoredWorker => ({
  workerId: readText(row[0]),
  registeredAt: readInteger(row[1]),
  leaseExpiresAt: readInteger(row[2]),
  diedAt: orNull(row[3], readInteger),
  about: readJson(row[4])
})
