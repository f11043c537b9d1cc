/**
 * Reading every row of the table of tasks, some at a time, whatever is in them.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { fixedFields, type StoredTask } from "../../domain/task/StoredTask.ts"
import type { SqlRunner } from "./SqlRunner.ts"
import { bytesOf } from "./SqlStatement.ts"
import {
  columnList,
  columns,
  CorruptRow,
  readInteger,
  readTask,
  readText,
  type Row,
  type TaskTables
} from "./TaskTables.ts"

/** How many ids one step reads. */
const batchSize = 500

/** How many bytes of tasks one step reads, if they are more than one. */
const maxBytes = 4 * 1024 * 1024

/**
 * Reads all tasks by their ids, and hands them over one by one; `undefined` for a row that cannot be read.
 *
 * @since 0.2.0
 * @category combinators
 */
export const readAllRows = (
  runner: SqlRunner,
  { tasks }: TaskTables,
  seen: (taskId: string, task: StoredTask | undefined) => void
): Effect.Effect<void, TaskDriverError> => {
  const size = `coalesce(bytes, 0) + ${bytesOf(fixedFields.map((field) => columns[field]))}`
  const ids = (behind: string) =>
    runner.read(
      {
        text: `SELECT task_id, ${size} FROM ${tasks} WHERE task_id > ? ORDER BY task_id LIMIT ${batchSize}`,
        params: [behind]
      },
      (rows) => rows.map((row) => ({ taskId: readText(row[0]), bytes: readInteger(row[1]) }))
    )
  const between = (from: string, to: string) =>
    runner.read(
      {
        text: `SELECT ${columnList.join(", ")} FROM ${tasks} WHERE task_id >= ? AND task_id <= ? ORDER BY task_id`,
        params: [from, to]
      },
      (rows) => rows.map((row) => [readText(row[0]), readable(row)] as const)
    )

  /** An engine may give no row at all for a value that it cannot read, so each is then read alone. */
  const read = (group: ReadonlyArray<string>): Effect.Effect<void, TaskDriverError> => {
    const [from, to] = [group[0], group.at(-1)]
    if (from === undefined || to === undefined) return Effect.void
    return Effect.matchEffect(between(from, to), {
      onSuccess: (rows) => Effect.sync(() => rows.forEach(([taskId, task]) => seen(taskId, task))),
      onFailure: (error) => {
        if (error.retryable) return Effect.fail(error)
        if (group.length > 1) return Effect.forEach(group, (taskId) => read([taskId]), { discard: true })
        return Effect.sync(() => seen(from, undefined))
      }
    })
  }

  return Effect.gen(function*() {
    let behind = ""
    while (true) {
      const found = yield* ids(behind)
      for (const group of groups(found)) yield* read(group)
      const last = found.at(-1)
      if (last === undefined || found.length < batchSize) return
      behind = last.taskId
      yield* Effect.yieldNow
    }
  })
}

const groups = (
  found: ReadonlyArray<{ readonly taskId: string; readonly bytes: number }>
): ReadonlyArray<ReadonlyArray<string>> => {
  const made: Array<Array<string>> = []
  let left = 0
  for (const { bytes, taskId } of found) {
    const last = made.at(-1)
    if (last === undefined || bytes > left) {
      made.push([taskId])
      left = maxBytes - bytes
    } else {
      last.push(taskId)
      left -= bytes
    }
  }
  return made
}

const readable = (row: Row): StoredTask | undefined => {
  try {
    return readTask(row)
  } catch (error) {
    if (error instanceof CorruptRow) return undefined
    throw error
  }
}
