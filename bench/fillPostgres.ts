/**
 * Many tasks in PostgreSQL at once: copies of one that the library made.
 */
import type { Pool } from "pg"

/** What is not the same in two tasks: they are a millisecond apart, have ids as the library makes them, and a hundred of
 * them are of one session if the first is of any. */
const own: Readonly<Record<string, string>> = {
  task_id: "overlay(gen_random_uuid()::text PLACING " +
    "overlay(lpad(to_hex(time), 12, '0') PLACING '-' FROM 9 FOR 0) || '-7' FROM 1 FOR 15)",
  session_id: "task.session_id || '-' || place / 100",
  created_at: "time",
  last_updated_at: "time",
  incarnation: "task.incarnation || '.' || place"
}

/** Copies a task that is stored; gives the ids, oldest first. The last one is of the present time. */
export const fillPostgres = async (pool: Pool, taskId: string, size: number): Promise<ReadonlyArray<string>> => {
  const { rows: columns } = await pool.query<{ readonly name: string }>(
    "SELECT attname AS name FROM pg_attribute " +
      "WHERE attrelid = 'mcp_tasks'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
  )
  const names = columns.map(({ name }) => name)
  const { rows } = await pool.query<[id: string]>({
    text: `INSERT INTO mcp_tasks (${names.join(", ")}) ` +
      `SELECT ${names.map((name) => own[name] ?? `task.${name}`).join(", ")} ` +
      "FROM mcp_tasks AS task CROSS JOIN generate_series(1, $2::bigint) AS place " +
      "CROSS JOIN LATERAL (SELECT $3::bigint + place AS time) AS times WHERE task.task_id = $1 RETURNING task_id",
    values: [taskId, size, Date.now() - size],
    rowMode: "array"
  })
  return rows.map(([id]) => id)
}

/** Leaves nothing to be done that the server would do by itself during what is measured. */
export const settlePostgres = async (pool: Pool): Promise<void> => {
  await pool.query("VACUUM (ANALYZE) mcp_tasks")
  await pool.query("CHECKPOINT")
}
