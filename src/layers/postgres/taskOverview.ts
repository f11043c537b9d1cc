/**
 * The view of the tasks for people and dashboards: readable times and reasons, and no payloads.
 *
 * It is written with the casts that PostgreSQL shows it with, so that it can be compared.
 *
 * @since 0.2.0
 */
import { heldByWorker } from "../../domain/task/StoredTask.ts"
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
${overviewColumns({ position: "strpos", textOf, timeOf })}
FROM ${tasks} WHERE expires_at IS NULL OR expires_at::double precision > date_part('epoch', now()) * 1000::double precision`

/** A time that PostgreSQL does not know is none, and no error. */
const timeOf = (column: string): string =>
  `CASE WHEN ${column} >= 0 AND ${column} <= ${heldByWorker} THEN to_timestamp((${column} / 1000.0)::double precision) ` +
  "ELSE NULL::timestamp with time zone END"

/** Without its quotes. What is escaped in it stays so, since no engine reads JSON. */
const textOf = (column: string): string => `left(substr(${column}, 2), '-1'::integer)`
