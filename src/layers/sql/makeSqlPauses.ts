/**
 * Paused kinds of tasks in SQL.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import {
  type KindDriver,
  kindsText,
  newsOfPauses,
  type StoredKinds,
  type StoredPause
} from "../../domain/driver/KindDriver.ts"
import { isSome, type SqlRunner } from "./SqlRunner.ts"
import { orNull, readInteger, readJson, type Row, type TaskTables } from "./TaskTables.ts"

/**
 * Makes the pauses of a driver.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeSqlPauses = ({ news, paused, workers }: TaskTables, { read, write }: SqlRunner): KindDriver => {
  const pause = `INSERT INTO ${paused} (kind, original_method, name, every_name, paused_at) VALUES (?, ?, ?, ?, ?) ` +
    "ON CONFLICT (kind) DO NOTHING"
  const resume = `DELETE FROM ${paused} WHERE kind = ? RETURNING 1`
  const list = `SELECT original_method, name, every_name, paused_at FROM ${paused}`
  // News that are there already are written all the same, so that they are not taken before the commit.
  const tell = `INSERT INTO ${news} (worker_id, task_id) ` +
    `SELECT worker_id, ? FROM ${workers} WHERE died_at IS NULL ORDER BY worker_id ` +
    "ON CONFLICT (worker_id, task_id) DO UPDATE SET task_id = excluded.task_id"

  /** A statement of its own: a worker that it does not see yet reads the pauses after it has registered. */
  const tellAll = write({ text: tell, params: [newsOfPauses] }, () => undefined)

  return {
    pause: (kinds) =>
      Effect.andThen(
        write({
          text: pause,
          params: [
            keyOf(kinds),
            kinds.originalMethod.text,
            kinds.name?.text ?? null,
            kinds.name === undefined ? 1 : 0,
            kinds.pausedAt
          ]
        }, () => undefined),
        tellAll
      ),
    resume: (kinds) => Effect.tap(write({ text: resume, params: [keyOf(kinds)] }, isSome), () => tellAll),
    paused: () => read({ text: list, params: [] }, (rows) => rows.map(readPause))
  }
}

/** An index takes no text of any length. */
const keyOf = (kinds: StoredKinds): string => createHash("sha256").update(kindsText(kinds)).digest("base64url")

const readPause = (row: Row): StoredPause => ({
  originalMethod: readJson(row[0]),
  name: readInteger(row[2]) === 1 ? undefined : orNull(row[1], readJson),
  pausedAt: readInteger(row[3])
})
