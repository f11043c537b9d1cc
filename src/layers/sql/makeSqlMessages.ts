/**
 * Message queues in SQL.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { MessageDriver, TaskDriverError } from "../../domain/TaskDriver.ts"
import type { SqlRunner } from "./SqlRunner.ts"
import { readInteger, readJson, type Row, type TaskTables } from "./TaskTables.ts"

type PushResult = Effect.Success<ReturnType<MessageDriver["push"]>>

/**
 * Makes the messages of a driver. The numbers of a queue only ever rise while it has messages, so that they are its
 * order.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSqlMessages = ({ messages }: TaskTables, runner: SqlRunner): MessageDriver => {
  const waiting = `FROM ${messages} WHERE queue = ? AND expires_at > ?`
  const push = `INSERT INTO ${messages} (queue, expires_at, body)`
  const pushAlways = `${push} VALUES (?, ?, ?) RETURNING 1`
  const pushWithin = `${push} SELECT ?, ?, ? WHERE (SELECT count(*) FROM (SELECT 1 ${waiting} LIMIT ?) AS first) < ? ` +
    "RETURNING 1"
  const size = `SELECT count(*) ${waiting}`
  const shift = `DELETE FROM ${messages} WHERE seq = (SELECT min(seq) ${waiting}) RETURNING body`
  const drain = `DELETE ${waiting} RETURNING seq, body`
  const removeExpired = `DELETE FROM ${messages} WHERE seq IN (` +
    `SELECT seq FROM ${messages} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?) RETURNING 1`

  return {
    push: ({ body, expiresAt, maxSize, now, queue }) => {
      const pushed = runner.write(
        maxSize === undefined
          ? { text: pushAlways, params: [queue, expiresAt, body.text] }
          : { text: pushWithin, params: [queue, expiresAt, body.text, queue, now, maxSize, maxSize] },
        isSome
      )
      const full = runner.read({ text: size, params: [queue, now] }, (rows): PushResult => ({
        _tag: "Full",
        size: readInteger(rows[0]?.[0])
      }))
      const orElse = (refused: Effect.Effect<PushResult, TaskDriverError>) =>
        Effect.flatMap(pushed, (was) => was ? Effect.succeed<PushResult>({ _tag: "Pushed" }) : refused)
      return orElse(runner.transaction(orElse(full)))
    },

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

/**
 * Tells whether a statement gave a row.
 *
 * @since 0.1.0
 * @category readers
 */
export const isSome = (rows: ReadonlyArray<Row>): boolean => rows.length > 0
