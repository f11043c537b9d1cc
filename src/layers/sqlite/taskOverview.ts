/**
 * The view of the tasks for people and dashboards: readable times and reasons, and no payloads.
 *
 * @since 0.2.0
 */
import { overviewColumns } from "../sql/overviewColumns.ts"
import type { TaskTables } from "../sql/TaskTables.ts"

/**
 * Gives the statement that makes the view. A later step drops it before it changes what it reads, and makes it again.
 *
 * @since 0.2.0
 * @category schema
 */
export const taskOverview = ({ overview, tasks }: TaskTables): string =>
  `CREATE VIEW ${overview} AS SELECT
${overviewColumns({ position: "instr", textOf, timeOf })}
FROM ${tasks} WHERE expires_at IS NULL OR expires_at > (julianday('now') - 2440587.5) * 86400000`

const timeOf = (column: string): string => `strftime('%Y-%m-%dT%H:%M:%fZ', ${column} / 1000.0, 'unixepoch')`

/** Without its quotes. What is escaped in it stays so, since no engine reads JSON. */
const textOf = (column: string): string => `substr(${column}, 2, length(${column}) - 2)`
