/**
 * How PostgreSQL counts seats for `maxActive` and `maxActivePerSession`.
 *
 * Triggers keep the counts in rows, as those of stored tasks. A statement that may free or take a seat locks the row of all seats
 * before it locks any task. So no two of them ever wait for each other, and each sees what the one before it committed. Where stored
 * tasks are counted too, the row of their count is locked first.
 *
 * @since 0.2.0
 */
import { isReady, kindText, sessionKey } from "../sql/FreeStatements.ts"
import { begun, hasBegun, isSeated, seatOf, type SqlCounters } from "../sql/SqlCounters.ts"
import { type TaskTables, totalKey } from "../sql/TaskTables.ts"
import { kindKey } from "./PostgresSchema.ts"

/**
 * Gives the name of the function that finds a seat for a new task.
 *
 * @since 0.2.0
 * @category schema
 */
export const seatFunction = (tables: TaskTables): string => `${tables.tasks}_seat_room`

/**
 * Gives the name of the function that tells how many seats a bound leaves.
 *
 * @since 0.2.0
 * @category schema
 */
export const seatsLeftFunction = (tables: TaskTables): string => `${tables.tasks}_seats_left`

/** The name comes behind those of the triggers for stored tasks, in whose order they are called. */
const triggerName = ({ prefix }: TaskTables, name: string): string => `${prefix}tasks_seat_${name}`

const triggersExist = (tables: TaskTables): string =>
  `SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass('${tables.tasks}') ` +
  `AND tgname = lower('${triggerName(tables, "insert")}')`

/**
 * Gives the statements that count seats, and keep the counts from then on. They are needed for limits of active tasks only, and then
 * hold against processes without limits too. To be run in one transaction.
 *
 * @since 0.2.0
 * @category schema
 */
export const makeSeatTriggers = (tables: TaskTables): ReadonlyArray<string> => {
  const { counts, seats, tasks } = tables
  const lock = (table: string) => `PERFORM 1 FROM ${table} WHERE session_id = '${totalKey}' FOR UPDATE`
  const makeFunction = (name: string, body: ReadonlyArray<string>) =>
    `CREATE FUNCTION ${tasks}_seat_${name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  ${body.join(";\n  ")};
  RETURN NULL;
END
$$`
  const makeTrigger = (name: string, when: string, call: string) =>
    `CREATE TRIGGER ${triggerName(tables, name)} ${when} EXECUTE FUNCTION ${tasks}_seat_${call}()`
  const change = (row: "new" | "old", sign: string) =>
    `SELECT unnest(ARRAY['${totalKey}', ${row}.session_id]), ${sign}1, ${sign}(${begun(row)}) WHERE ${isSeated(row)}`

  return [
    ...recountSeats(tables),
    makeFunction("lock", [lock(seats)]),
    makeTrigger(
      "lock",
      `BEFORE INSERT OR DELETE OR UPDATE OF status, attempt, lease_expires_at ON ${tasks} FOR EACH STATEMENT`,
      "lock"
    ),
    // Where there is no row before or afterwards, its columns are null. In one order, as whoever else may write them does.
    makeFunction("count", [
      `INSERT INTO ${seats} AS counted (session_id, tasks, begun)
    SELECT session_id, sum(tasks), sum(begun) FROM (${change("old", "-")} UNION ALL ${
        change("new", "")
      }) AS changes (session_id, tasks, begun)
    WHERE session_id IS NOT NULL GROUP BY session_id HAVING sum(tasks) <> 0 OR sum(begun) <> 0 ORDER BY session_id
    ON CONFLICT (session_id) DO UPDATE SET tasks = counted.tasks + excluded.tasks, begun = counted.begun + excluded.begun`,
      `DELETE FROM ${seats} WHERE session_id = old.session_id AND tasks <= 0`
    ]),
    makeTrigger("insert", `AFTER INSERT ON ${tasks} FOR EACH ROW WHEN (${isSeated("new")})`, "count"),
    makeTrigger(
      "update",
      `AFTER UPDATE ON ${tasks} FOR EACH ROW WHEN (${seatOf("new")} <> ${seatOf("old")} ` +
        "OR old.session_id IS DISTINCT FROM new.session_id)",
      "count"
    ),
    makeTrigger("delete", `AFTER DELETE ON ${tasks} FOR EACH ROW WHEN (${isSeated("old")})`, "count"),
    `CREATE INDEX ${tables.prefix}tasks_by_begun ON ${tasks} ` +
    `(${kindKey(kindText)}, (${sessionKey}), lease_expires_at, task_id) WHERE ${isReady} AND ${hasBegun}`,
    `CREATE FUNCTION ${
      seatsLeftFunction(tables)
    }(in_session_id text, in_max_active bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  RETURN in_max_active - coalesce((SELECT begun FROM ${seats} WHERE session_id = in_session_id), 0);
END
$$`,
    // Every query of a function sees what was committed until then, so what comes after the locks is exact. A seat is that of any
    // active task, or, from 2 on, of one that has begun.
    `CREATE FUNCTION ${seatFunction(tables)}(
  in_task_id text, in_session_id text, in_now bigint, in_max_active bigint, in_max_active_per_session bigint, in_least bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  taken record;
  freed bigint;
BEGIN
  ${lock(counts)};
  ${lock(seats)};
  SELECT session_id, expires_at, ${seatOf()} AS seat INTO taken FROM ${tasks} WHERE task_id = in_task_id;
  IF FOUND AND (taken.expires_at IS NULL OR taken.expires_at > in_now) THEN
    RETURN 'taken';
  END IF;
  freed := CASE WHEN FOUND AND taken.seat >= in_least THEN 1 ELSE 0 END;
  IF (SELECT CASE WHEN in_least = 1 THEN tasks ELSE begun END FROM ${seats} WHERE session_id = '${totalKey}') - freed
    >= in_max_active THEN
    RETURN 'active';
  END IF;
  IF taken.session_id IS DISTINCT FROM in_session_id THEN
    freed := 0;
  END IF;
  IF (SELECT CASE WHEN in_least = 1 THEN tasks ELSE begun END FROM ${seats} WHERE session_id = in_session_id) - freed
    >= in_max_active_per_session THEN
    RETURN 'activePerSession';
  END IF;
  RETURN NULL;
END
$$`
  ]
}

const recountSeats = ({ seats, tasks }: TaskTables): ReadonlyArray<string> => [
  `LOCK TABLE ${tasks} IN SHARE ROW EXCLUSIVE MODE`,
  `DELETE FROM ${seats}`,
  `INSERT INTO ${seats} (session_id, tasks, begun)
  SELECT '${totalKey}', count(*), coalesce(sum(${begun()}), 0) FROM ${tasks} WHERE ${isSeated()}`,
  `INSERT INTO ${seats} (session_id, tasks, begun)
  SELECT session_id, count(*), sum(${begun()}) FROM ${tasks} WHERE ${isSeated()} AND session_id IS NOT NULL GROUP BY session_id`
]

/**
 * @since 0.2.0
 * @category instances
 */
export const seatCounters: SqlCounters = {
  missing: "maxActive and maxActivePerSession need triggers that this database does not have",
  statements: "activeLimitTriggers",
  table: ({ seats }) => seats,
  triggersExist,
  makeTriggers: makeSeatTriggers,
  recount: recountSeats
}
