/**
 * The tables of SQLite, as versioned steps.
 *
 * @since 0.1.0
 */
import { contentFields } from "../../domain/StoredTask.ts"
import { activeStatuses } from "../../domain/TaskStatus.ts"
import type { SqlMigration } from "../sql/SqlDialect.ts"
import { bytesOf, statusIn } from "../sql/SqlStatement.ts"
import { columns, type TaskTables, totalKey } from "../sql/TaskTables.ts"

/**
 * Gives the steps of the schema, oldest first. A step that has been released never changes.
 *
 * @since 0.1.0
 * @category schema
 */
export const migrations = ({ counts, messages, schema, tasks }: TaskTables): ReadonlyArray<SqlMigration> => [
  {
    id: 1,
    name: "create the tables",
    statements: [
      `CREATE TABLE ${schema} (
  id INTEGER NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  compatible_with INTEGER NOT NULL
) STRICT`,
      `INSERT INTO ${schema} (id, version, compatible_with) VALUES (1, 1, 1)`,
      // What is generated is what SQLite can work out of the rest of the row whenever it writes it. Large columns come
      // last, so that the others are read without them.
      `CREATE TABLE ${tasks} (
  task_id TEXT NOT NULL PRIMARY KEY,
  session_id TEXT,
  status TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_updated_at INTEGER NOT NULL,
  active_updated_at INTEGER GENERATED ALWAYS AS (CASE WHEN ${statusIn(activeStatuses)} THEN last_updated_at END) STORED,
  ttl INTEGER,
  expires_at INTEGER GENERATED ALWAYS AS (created_at + ttl) STORED,
  poll_interval INTEGER,
  revision INTEGER NOT NULL,
  incarnation TEXT NOT NULL,
  result_kind TEXT,
  bytes INTEGER GENERATED ALWAYS AS (${bytesOf(payloadColumns)}) STORED,
  original_method TEXT NOT NULL,
  status_message TEXT,
  meta TEXT,
  original_params TEXT,
  input_requests TEXT,
  input_responses TEXT,
  request_state TEXT,
  input_keys TEXT,
  result TEXT
) STRICT`,
      `CREATE INDEX ${tasks}_by_creation ON ${tasks} (created_at, task_id)`,
      `CREATE INDEX ${tasks}_by_status ON ${tasks} (status, created_at, task_id)`,
      `CREATE INDEX ${tasks}_by_session ON ${tasks} (session_id, created_at, task_id)`,
      `CREATE INDEX ${tasks}_by_session_status ON ${tasks} (session_id, status, created_at, task_id)`,
      `CREATE INDEX ${tasks}_by_update ON ${tasks} (status, active_updated_at, task_id) WHERE active_updated_at IS NOT NULL`,
      `CREATE INDEX ${tasks}_by_expiry ON ${tasks} (expires_at, task_id) WHERE expires_at IS NOT NULL`,
      `CREATE TABLE ${counts} (session_id TEXT NOT NULL PRIMARY KEY, tasks INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
      `CREATE TABLE ${messages} (
  seq INTEGER PRIMARY KEY,
  queue TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT`,
      `CREATE INDEX ${messages}_by_queue ON ${messages} (queue, seq)`,
      `CREATE INDEX ${messages}_by_expiry ON ${messages} (expires_at)`
    ]
  }
]

/** What `taskBytes` adds up. */
const payloadColumns = [...contentFields, "result" as const].map((field) => columns[field])

const insertTrigger = (tables: TaskTables) => `${tables.tasks}_count_insert`
const deleteTrigger = (tables: TaskTables) => `${tables.tasks}_count_delete`

/**
 * Selects one row when the triggers of limits are there.
 *
 * @since 0.1.0
 * @category schema
 */
export const triggersExist = (tables: TaskTables): string =>
  `SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name = '${deleteTrigger(tables)}'`

/**
 * Gives the statements that count what is stored, and keep the counts from then on. They are needed for limits only, and
 * then hold against processes without limits too. To be run in one transaction.
 *
 * @since 0.1.0
 * @category schema
 */
export const makeTriggers = (tables: TaskTables): ReadonlyArray<string> => {
  const { counts, tasks } = tables
  return [
    `CREATE TRIGGER ${insertTrigger(tables)} AFTER INSERT ON ${tasks} BEGIN
  INSERT INTO ${counts} (session_id, tasks) VALUES ('${totalKey}', 1)
    ON CONFLICT (session_id) DO UPDATE SET tasks = tasks + 1;
  INSERT INTO ${counts} (session_id, tasks) SELECT new.session_id, 1 WHERE new.session_id IS NOT NULL
    ON CONFLICT (session_id) DO UPDATE SET tasks = tasks + 1;
END`,
    `CREATE TRIGGER ${deleteTrigger(tables)} AFTER DELETE ON ${tasks} BEGIN
  UPDATE ${counts} SET tasks = tasks - 1 WHERE session_id IN ('${totalKey}', old.session_id);
  DELETE FROM ${counts} WHERE session_id = old.session_id AND tasks <= 0;
END`,
    `DELETE FROM ${counts}`,
    `INSERT INTO ${counts} (session_id, tasks) SELECT '${totalKey}', count(*) FROM ${tasks}`,
    `INSERT INTO ${counts} (session_id, tasks)
  SELECT session_id, count(*) FROM ${tasks} WHERE session_id IS NOT NULL GROUP BY session_id`
  ]
}
