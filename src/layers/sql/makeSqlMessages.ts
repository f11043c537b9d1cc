/**
 * Message queues in SQL.
 *
 * @since 0.1.0
 */
import type { MessageDriver } from "../../domain/driver/TaskDriver.ts"
import type { SqlDialect } from "./SqlDialect.ts"
import type { SqlRunner } from "./SqlRunner.ts"
import type { SqlWrites } from "./SqlWrites.ts"
import { readInteger, readJson, type TaskTables } from "./TaskTables.ts"

/**
 * Makes the messages of a driver. The numbers of a queue only ever rise while it has messages, so that they are its
 * order.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSqlMessages = (
  { messages }: TaskTables,
  { among, forUpdate, skipLocked }: SqlDialect,
  runner: SqlRunner,
  pushWithin: SqlWrites["pushWithin"]
): MessageDriver => {
  const waiting = `FROM ${messages} WHERE queue = ? AND expires_at > ?`
  const push = `INSERT INTO ${messages} (queue, expires_at, body) VALUES (?, ?, ?)`
  const shift = `DELETE FROM ${messages} WHERE seq = (` +
    `SELECT seq ${waiting} ORDER BY seq LIMIT 1${forUpdate}) RETURNING body`
  const drain = `DELETE ${waiting} RETURNING seq, body`
  const removeExpired = `WITH gone AS MATERIALIZED (` +
    `SELECT seq FROM ${messages} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?${skipLocked}) ` +
    `DELETE FROM ${messages} WHERE seq ${among("SELECT seq FROM gone")} RETURNING 1`

  return {
    push: ({ maxSize, ...message }) =>
      maxSize === undefined
        ? runner.write(
          { text: push, params: [message.queue, message.expiresAt, message.body.text] },
          () => ({ _tag: "Pushed" })
        )
        : pushWithin({ ...message, maxSize }),

    shift: (queue, now) =>
      runner.write({ text: shift, params: [queue, now] }, ([row]) => row === undefined ? undefined : readJson(row[0])),

    drain: (queue, now) =>
      runner.write({ text: drain, params: [queue, now] }, (rows) =>
        rows
          .map((row) => ({ seq: readInteger(row[0]), body: readJson(row[1]) }))
          .sort((left, right) => left.seq - right.seq)
          .map(({ body }) => body)),

    removeExpired: (now, limit) => runner.write({ text: removeExpired, params: [now, limit] }, (rows) => rows.length)
  }
}
