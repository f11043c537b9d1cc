/**
 * Free tasks in SQL.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { FreeTask, FreeTime, StoredKind, TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { makeFreeStatements, type Moved } from "./FreeStatements.ts"
import type { SqlDialect } from "./SqlDialect.ts"
import type { SqlRunner } from "./SqlRunner.ts"
import type { SqlWrites } from "./SqlWrites.ts"
import { orNull, readInteger, readJson, readText, type Row, type TaskTables } from "./TaskTables.ts"

/** How many tasks one step moves into the index of free tasks. */
const batchSize = 500

/**
 * Makes the primitives of a driver that find free tasks. What has become due is moved into their index first.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeSqlFreeTasks = (
  tables: TaskTables,
  dialect: SqlDialect,
  { read, write }: SqlRunner,
  take: SqlWrites["take"]
): Pick<TaskDriver, "freeKinds" | "free"> & Required<Pick<TaskDriver, "take">> => {
  const statements = makeFreeStatements(tables, dialect)

  /** Tasks that somebody else has locked are left to him. */
  const move = (freeBy: number): Effect.Effect<void, TaskDriverError> =>
    Effect.flatMap(
      write(statements.move(freeBy, batchSize), (rows) => rows.length),
      (moved) => moved < batchSize ? Effect.void : Effect.andThen(Effect.yieldNow, move(freeBy))
    )

  const whenMoved = <A>(
    { freeBy }: FreeTime,
    look: (moved: Moved) => Effect.Effect<ReadonlyArray<A> | undefined, TaskDriverError>
  ): Effect.Effect<ReadonlyArray<A>, TaskDriverError> =>
    Effect.flatMap(look("unsure"), (found) =>
      found === undefined
        ? Effect.map(Effect.andThen(move(freeBy), look("moved")), (found) => found ?? [])
        : Effect.succeed(found))

  return {
    freeKinds: (query) => whenMoved(query, (moved) => read(statements.kinds(query, moved), readFound(readFreeKind))),
    free: (query) => whenMoved(query, (moved) => read(statements.free(query, moved), readFound(readFree))),
    take: (query, patch) => whenMoved(query, (moved) => take(query, patch, moved))
  }
}

/**
 * Reads what a statement of {@link makeFreeStatements} found. It gives `undefined` if the first column says that tasks have to be
 * moved first. The second column is null only where nothing was found.
 *
 * @since 0.2.0
 * @category readers
 */
export const readFound = <A>(readRow: (row: Row) => A) => (rows: ReadonlyArray<Row>): ReadonlyArray<A> | undefined =>
  readInteger(rows[0]?.[0]) === 1
    ? undefined
    : rows.flatMap((row) => row[1] === null ? [] : [readRow(row)])

/**
 * Reads a task that {@link makeFreeStatements} found.
 *
 * @since 0.2.0
 * @category readers
 */
export const readFree = (row: Row): FreeTask => ({
  taskId: readText(row[1]),
  sessionId: orNull(row[2], readText),
  attempt: readInteger(row[3]),
  leaseExpiresAt: orNull(row[4], readInteger),
  dueAt: orNull(row[5], readInteger)
})

const readFreeKind = (row: Row): StoredKind => ({
  originalMethod: readJson(row[1]),
  name: orNull(row[2], readJson)
})
