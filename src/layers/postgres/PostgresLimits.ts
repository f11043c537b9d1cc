/**
 * How PostgreSQL counts tasks for `maxTasks` and `maxTasksPerSession`.
 *
 * Triggers keep the counts in rows. Each statement that adds or removes tasks locks the row of all tasks first. So no two of
 * them ever wait for each other, and each sees what the one before it committed.
 *
 * @since 0.1.0
 */
import type { SqlCounters } from "../sql/SqlCounters.ts"
import { type TaskTables, totalKey } from "../sql/TaskTables.ts"

/**
 * Gives the name of the function that finds room for a task.
 *
 * @since 0.1.0
 * @category schema
 */
export const roomFunction = (tables: TaskTables): string => `${tables.tasks}_room`

const triggersExist = (tables: TaskTables): string =>
  `SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass('${tables.tasks}') ` +
  `AND tgname = lower('${tables.prefix}tasks_count_insert')`

/**
 * Gives the statements that count what is stored, and keep the counts from then on. They are needed for limits only, and
 * then hold against processes without limits too. To be run in one transaction.
 *
 * @since 0.1.0
 * @category schema
 */
export const makeTriggers = (tables: TaskTables): ReadonlyArray<string> => {
  const { counts, prefix, tasks } = tables
  const lockTotal = `PERFORM 1 FROM ${counts} WHERE session_id = '${totalKey}' FOR UPDATE`
  const addTo = (select: string) => addCounts(tables, select)
  const removeEmpty = `DELETE FROM ${counts} WHERE tasks <= 0 AND session_id <> '${totalKey}' AND session_id`

  const makeTrigger = (name: string, when: string, body: ReadonlyArray<string>) => [
    `CREATE FUNCTION ${tasks}_count_${name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  ${body.join(";\n  ")};
  RETURN NULL;
END
$$`,
    `CREATE TRIGGER ${prefix}tasks_count_${name} ${when} EXECUTE FUNCTION ${tasks}_count_${name}()`
  ]

  return [
    ...recount(tables),
    ...makeTrigger("lock", `BEFORE INSERT OR DELETE ON ${tasks} FOR EACH STATEMENT`, [lockTotal]),
    ...makeTrigger("insert", `AFTER INSERT ON ${tasks} REFERENCING NEW TABLE AS added FOR EACH STATEMENT`, [
      `UPDATE ${counts} SET tasks = tasks + added.number
    FROM (SELECT count(*) AS number FROM added) AS added WHERE session_id = '${totalKey}' AND number > 0`,
      addTo(ofSessions("count(*)", "added"))
    ]),
    ...makeTrigger("delete", `AFTER DELETE ON ${tasks} REFERENCING OLD TABLE AS removed FOR EACH STATEMENT`, [
      `UPDATE ${counts} SET tasks = tasks - removed.number
    FROM (SELECT count(*) AS number FROM removed) AS removed WHERE session_id = '${totalKey}' AND number > 0`,
      addTo(ofSessions("-count(*)", "removed")),
      `${removeEmpty} IN (SELECT session_id FROM removed)`
    ]),
    // An expired task that is replaced may leave one session for another.
    ...makeTrigger(
      "move",
      `AFTER UPDATE ON ${tasks} FOR EACH ROW WHEN (old.session_id IS DISTINCT FROM new.session_id)`,
      [
        addTo("SELECT new.session_id, 1 WHERE new.session_id IS NOT NULL"),
        `UPDATE ${counts} SET tasks = tasks - 1 WHERE session_id = old.session_id`,
        `${removeEmpty} = old.session_id`
      ]
    ),
    // Every query of a function sees what was committed until then, so what comes after the lock is exact.
    `CREATE FUNCTION ${roomFunction(tables)}(
  in_task_id text, in_session_id text, in_now bigint, in_max_tasks bigint, in_max_tasks_per_session bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  taken record;
  freed bigint;
BEGIN
  ${lockTotal};
  SELECT session_id, expires_at INTO taken FROM ${tasks} WHERE task_id = in_task_id;
  freed := CASE WHEN FOUND THEN 1 ELSE 0 END;
  IF FOUND AND (taken.expires_at IS NULL OR taken.expires_at > in_now) THEN
    RETURN 'taken';
  END IF;
  IF (SELECT tasks FROM ${counts} WHERE session_id = '${totalKey}') - freed >= in_max_tasks THEN
    RETURN 'storage';
  END IF;
  IF freed = 1 AND taken.session_id IS DISTINCT FROM in_session_id THEN
    freed := 0;
  END IF;
  IF (SELECT tasks FROM ${counts} WHERE session_id = in_session_id) - freed >= in_max_tasks_per_session THEN
    RETURN 'session';
  END IF;
  RETURN NULL;
END
$$`
  ]
}

const recount = (tables: TaskTables): ReadonlyArray<string> => {
  const { counts, tasks } = tables
  return [
    `LOCK TABLE ${tasks} IN SHARE ROW EXCLUSIVE MODE`,
    `DELETE FROM ${counts}`,
    `INSERT INTO ${counts} (session_id, tasks) SELECT '${totalKey}', count(*) FROM ${tasks}`,
    addCounts(tables, ofSessions("count(*)", tasks))
  ]
}

const addCounts = ({ counts }: TaskTables, select: string): string =>
  `INSERT INTO ${counts} AS counted (session_id, tasks) ${select}
  ON CONFLICT (session_id) DO UPDATE SET tasks = counted.tasks + excluded.tasks`

const ofSessions = (count: string, from: string): string =>
  `SELECT session_id, ${count} FROM ${from} WHERE session_id IS NOT NULL GROUP BY session_id ORDER BY session_id`

/**
 * @since 0.2.0
 * @category instances
 */
export const taskCounters: SqlCounters = {
  missing: "maxTasks and maxTasksPerSession need triggers that this database does not have",
  statements: "limitTriggers",
  table: ({ counts }) => counts,
  triggersExist,
  makeTriggers,
  recount
}
