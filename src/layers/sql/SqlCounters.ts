/**
 * What keeps the counts of limits. The tables of the counts are always there. The triggers are made once a storage has the limits.
 *
 * @since 0.2.0
 */
import { activeStatuses } from "../../domain/task/TaskStatus.ts"
import { statusIn } from "./SqlStatement.ts"
import { type TaskTables, totalKey } from "./TaskTables.ts"

/**
 * The counts of one kind of limits.
 *
 * @since 0.2.0
 * @category models
 */
export interface SqlCounters {
  /** What to say where there are none, and somebody needs them. */
  readonly missing: string
  /** What the library calls the statements of {@link makeTriggers} where it publishes them. */
  readonly statements: string
  /** The table of the counts. */
  readonly table: (tables: TaskTables) => string
  /** Selects one row when the triggers are there. */
  readonly triggersExist: (tables: TaskTables) => string
  /** Makes the triggers that keep the counts, and counts what is stored. */
  readonly makeTriggers: (tables: TaskTables) => ReadonlyArray<string>
  /** Counts what is stored, while nobody else writes. */
  readonly recount: (tables: TaskTables) => ReadonlyArray<string>
}

/**
 * The counts of both kinds of limits: of stored tasks, and of seats.
 *
 * @since 0.2.0
 * @category models
 */
export interface AllCounters {
  readonly tasks: SqlCounters
  readonly seats: SqlCounters
}

/**
 * Selects what is counted, and what is kept of it, by session: `session_id`, `stored`, `stored_begun` of those that have begun,
 * `kept` and `kept_begun`.
 *
 * @since 0.2.0
 * @category statements
 */
export const comparedCounts = (kind: keyof AllCounters, { counts, seats, tasks }: TaskTables): string => {
  const stored = `count(*) AS stored, ${kind === "tasks" ? "0" : `coalesce(sum(${begun()}), 0)`} AS stored_begun`
  const where = kind === "tasks" ? "1 = 1" : isSeated()
  const kept = kind === "tasks" ? `tasks, 0 FROM ${counts}` : `tasks, begun FROM ${seats}`
  return `SELECT '${totalKey}' AS session_id, ${stored}, 0 AS kept, 0 AS kept_begun FROM ${tasks} WHERE ${where} ` +
    `UNION ALL SELECT session_id, ${stored}, 0, 0 FROM ${tasks} WHERE ${where} AND session_id IS NOT NULL GROUP BY session_id ` +
    `UNION ALL SELECT session_id, 0, 0, ${kept}`
}

/**
 * Tests that a task has not ended: that it has a seat where waiting ones have one. `row` is `new` or `old` in a trigger.
 *
 * @since 0.2.0
 * @category fragments
 */
export const isSeated = (row?: "new" | "old"): string => `${of(row)}${statusIn(activeStatuses)}`

/**
 * Tests that a task under a lease has begun: that it is in the index of those.
 *
 * @since 0.2.0
 * @category fragments
 */
export const hasBegun = "attempt > 0"

/**
 * Gives 1 for a task that has begun, and 0 for another one.
 *
 * @since 0.2.0
 * @category fragments
 */
export const begun = (row?: "new" | "old"): string =>
  `CASE WHEN ${of(row)}attempt > 0 OR ${of(row)}lease_expires_at IS NULL THEN 1 ELSE 0 END`

const of = (row: "new" | "old" | undefined): string => row === undefined ? "" : `${row}.`

/**
 * Gives what tells whether a task has a seat: 0 without one, 1 with that of a task that waits, 2 with that of one that has begun.
 *
 * @since 0.2.0
 * @category fragments
 */
export const seatOf = (row?: "new" | "old"): string => `CASE WHEN ${isSeated(row)} THEN 1 + ${begun(row)} ELSE 0 END`
