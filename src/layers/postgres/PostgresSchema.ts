/**
 * The tables of PostgreSQL, as versioned steps.
 *
 * @since 0.1.0
 */
import { heldByWorker } from "../../domain/task/StoredTask.ts"
import { activeStatuses } from "../../domain/task/TaskStatus.ts"
import { becomesReady, isReady, kindText, sessionKey } from "../sql/FreeStatements.ts"
import type { DatabasePart, SqlMigration } from "../sql/SqlDialect.ts"
import {
  bytesOf,
  hasEnded,
  isFailed,
  isHeld,
  isLeased,
  isNotHeld,
  statusIn,
  waitsForNothing
} from "../sql/SqlStatement.ts"
import type { TaskTables } from "../sql/TaskTables.ts"
import { taskOverview } from "./taskOverview.ts"

/**
 * Gives the name of the function that appends a message within a limit.
 *
 * @since 0.1.0
 * @category schema
 */
export const pushFunction = (tables: TaskTables): string => `${tables.messages}_push`

/** The column that tells of which version the process was that put a new task into the row of an expired one. */
const replacedBy = "replaced_by"

/**
 * Says that all columns are those of a new task, which has been put into the row of an expired one. It is for the `SET` of an
 * `INSERT` that meets the row.
 *
 * @since 0.2.0
 * @category schema
 */
export const replacedWhole = `${replacedBy} = '3 ' || excluded.incarnation`

/**
 * Gives the key of a kind, of the text of its method and then its name. It is bounded, because an index takes no large values.
 *
 * @since 0.2.0
 * @category schema
 */
export const kindKey = (text: string): string =>
  `(CASE WHEN length(${text}) <= ${kindLength} THEN ${text} ` +
  `ELSE left(${text}, ${kindLength}) || hashtextextended(${text}, 0)::text END) COLLATE "C"`

/**
 * Gives what the keys of all kinds of a method begin with, of the text of the method.
 *
 * @since 0.2.0
 * @category schema
 */
export const methodKey = (text: string): string => `left(${text}, ${kindLength}) COLLATE "C"`

/** An entry of an index holds some 2700 bytes, and ids take up to 765 bytes each. */
const kindLength = 900

/**
 * The name of a task in the index of names, by its bytes as ids are.
 *
 * @since 0.2.0
 * @category schema
 */
export const indexedName = "name COLLATE \"C\""

/** The name and the id leave so much room for the method. */
const methodLength = 256

const hasShortMethod = `least(octet_length(original_method), ${methodLength}) < ${methodLength}`

/** Of an equation PostgreSQL thinks that few rows meet it. */
const hasLongMethod = `least(octet_length(original_method), ${methodLength}) = ${methodLength}`

/**
 * The conditions of the two indexes of names, of which each task meets one.
 *
 * @since 0.2.0
 * @category schema
 */
export const nameIndexes: ReadonlyArray<string> = [hasShortMethod, hasLongMethod]

/**
 * Gives the steps of the schema, oldest first. A step that has been released never changes.
 *
 * @since 0.1.0
 * @category schema
 */
export const migrations = (tables: TaskTables): ReadonlyArray<SqlMigration> => {
  const { counts, messages, news, paused, prefix, schema, seats, tasks, workers } = tables
  return [
    {
      id: 1,
      name: "create the tables",
      statements: [
        ...makeDatabaseSchema(tables),
        `CREATE TABLE ${schema} (
  id integer NOT NULL PRIMARY KEY,
  version integer NOT NULL,
  compatible_with integer NOT NULL
)`,
        `INSERT INTO ${schema} (id, version, compatible_with) VALUES (1, 1, 1)`,
        // Ids are compared by their bytes, whatever the collation of the database. Payloads are text, which comes back as
        // it was. Room is left in each page, since a task is written several times.
        `CREATE TABLE ${tasks} (
  task_id text COLLATE "C" NOT NULL PRIMARY KEY,
  session_id text COLLATE "C",
  status text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  last_updated_at bigint NOT NULL,
  active_updated_at bigint GENERATED ALWAYS AS (CASE WHEN ${statusIn(activeStatuses)} THEN last_updated_at END) STORED,
  ttl bigint,
  expires_at bigint GENERATED ALWAYS AS (created_at + ttl) STORED,
  poll_interval bigint,
  revision bigint NOT NULL,
  incarnation text NOT NULL,
  attempt bigint NOT NULL,
  lease_expires_at bigint,
  result_kind text,
  bytes bigint GENERATED ALWAYS AS (${bytesOf(payloadColumns)}) STORED,
  original_method text NOT NULL,
  status_message text,
  meta text,
  original_params text,
  input_requests text,
  input_responses text,
  request_state text,
  input_keys text,
  principal text,
  steps text,
  result text
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05)`,
        `CREATE INDEX ${prefix}tasks_by_creation ON ${tasks} (created_at, task_id)`,
        `CREATE INDEX ${prefix}tasks_by_status ON ${tasks} (status, created_at, task_id)`,
        `CREATE INDEX ${prefix}tasks_by_session ON ${tasks} (session_id, created_at, task_id)`,
        `CREATE INDEX ${prefix}tasks_by_session_status ON ${tasks} (session_id, status, created_at, task_id)`,
        `CREATE INDEX ${prefix}tasks_by_update ON ${tasks} (status, active_updated_at, task_id) WHERE active_updated_at IS NOT NULL`,
        `CREATE INDEX ${prefix}tasks_by_lease ON ${tasks} (lease_expires_at, task_id) ` +
        "WHERE status = 'working' AND lease_expires_at IS NOT NULL",
        `CREATE INDEX ${prefix}tasks_by_expiry ON ${tasks} (expires_at, task_id) WHERE expires_at IS NOT NULL`,
        `CREATE TABLE ${counts} (session_id text COLLATE "C" NOT NULL PRIMARY KEY, tasks bigint NOT NULL)`,
        `CREATE TABLE ${messages} (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue text COLLATE "C" NOT NULL,
  expires_at bigint NOT NULL,
  body text NOT NULL
)`,
        `CREATE INDEX ${prefix}messages_by_queue ON ${messages} (queue, seq)`,
        `CREATE INDEX ${prefix}messages_by_expiry ON ${messages} (expires_at)`,
        // A function sees what others committed while it waited for the lock; a single statement would not. Where the
        // whole transaction sees but what was there at its start, those that append meet in a row instead, and all but
        // one are tried again. No session has a name like that of the row.
        `CREATE FUNCTION ${pushFunction(tables)}(
  in_queue text, in_expires_at bigint, in_body text, in_now bigint, in_max_size bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  size bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('${messages}/' || in_queue, 0));
  IF current_setting('transaction_isolation') = 'repeatable read' THEN
    INSERT INTO ${counts} (session_id, tasks) VALUES (E'\\n', 0) ON CONFLICT (session_id) DO UPDATE SET tasks = 0;
  END IF;
  SELECT count(*) INTO size FROM ${messages} WHERE queue = in_queue AND expires_at > in_now;
  IF size >= in_max_size THEN
    RETURN size;
  END IF;
  INSERT INTO ${messages} (queue, expires_at, body) VALUES (in_queue, in_expires_at, in_body);
  RETURN NULL;
END
$$`
      ]
    },
    {
      id: 2,
      name: "names, trace contexts and failures",
      statements: [
        `ALTER TABLE ${tasks} ${
          [...secondColumns, replacedBy].map((column) => `ADD COLUMN ${column} text`).join(", ")
        }`,
        // A process of version 1 puts a new task into the row of an expired one of its id, and does not name these
        // columns. One that does also says so.
        `CREATE FUNCTION ${forgetFunction(tables)}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  ${secondColumns.map((column) => `new.${column} := NULL;`).join("\n  ")}
  RETURN new;
END
$$`,
        `CREATE TRIGGER ${prefix}tasks_forget BEFORE UPDATE ON ${tasks} FOR EACH ROW WHEN ` +
        `(old.incarnation <> new.incarnation AND new.${replacedBy} IS DISTINCT FROM new.incarnation) ` +
        `EXECUTE FUNCTION ${forgetFunction(tables)}()`,
        `UPDATE ${schema} SET version = 2`
      ]
    },
    {
      id: 3,
      name: "registered workers",
      statements: [
        `ALTER TABLE ${tasks} ADD COLUMN due_at bigint, ADD COLUMN worker text COLLATE "C", ` +
        "ADD COLUMN started_at bigint, ADD COLUMN ready smallint, " +
        "ADD COLUMN rerun_of text COLLATE \"C\", ADD COLUMN rerun_as text COLLATE \"C\", " +
        "ADD COLUMN run_traceparent text",
        // A row that fits into a page stays whole, compressed if it has more than 2 KB. PostgreSQL would put what it cannot compress
        // beside the table, where each value is looked up by itself, and nothing that is sealed can be compressed.
        `ALTER TABLE ${tasks} ${textColumns.map((column) => `ALTER COLUMN ${column} SET STORAGE MAIN`).join(", ")}`,
        // The same for processes of versions 1 and 2. And a worker that held the expired task has news of it.
        `DROP TRIGGER ${prefix}tasks_forget ON ${tasks}`,
        `CREATE OR REPLACE FUNCTION ${forgetFunction(tables)}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF old.lease_expires_at = ${heldByWorker} THEN
    INSERT INTO ${news} (worker_id, task_id) SELECT worker_id, old.task_id FROM ${workers} WHERE worker_id = old.worker
      ON CONFLICT (worker_id, task_id) DO UPDATE SET task_id = excluded.task_id;
  END IF;
  IF new.${replacedBy} IS DISTINCT FROM '3 ' || new.incarnation THEN
    IF new.${replacedBy} IS DISTINCT FROM new.incarnation THEN
      ${secondColumns.map((column) => `new.${column} := NULL;`).join("\n      ")}
    END IF;
    ${thirdColumns.map((column) => `new.${column} := NULL;`).join("\n    ")}
  END IF;
  RETURN new;
END
$$`,
        `CREATE TRIGGER ${prefix}tasks_forget BEFORE UPDATE ON ${tasks} FOR EACH ROW WHEN ` +
        `(old.incarnation <> new.incarnation AND (old.lease_expires_at = ${heldByWorker} ` +
        `OR new.${replacedBy} IS DISTINCT FROM '3 ' || new.incarnation)) ` +
        `EXECUTE FUNCTION ${forgetFunction(tables)}()`,
        // Who holds a task, or what it waits for, decides which of these it is in.
        `DROP INDEX ${tables.qualifier}${prefix}tasks_by_lease`,
        `DROP INDEX ${tables.qualifier}${prefix}tasks_by_update`,
        `CREATE INDEX ${prefix}tasks_by_update ON ${tasks} (status, active_updated_at, task_id) ` +
        `WHERE active_updated_at IS NOT NULL AND ${isNotHeld}`,
        `CREATE INDEX ${prefix}tasks_by_free ON ${tasks} ` +
        `(${kindKey(kindText)}, (${sessionKey}), lease_expires_at, task_id) WHERE ${isReady}`,
        `CREATE INDEX ${prefix}tasks_by_due ON ${tasks} (lease_expires_at, task_id) WHERE ${becomesReady}`,
        `CREATE INDEX ${prefix}tasks_by_lease ON ${tasks} (lease_expires_at, task_id) ` +
        `WHERE status = 'working' AND ${isLeased} AND ${waitsForNothing}`,
        `CREATE INDEX ${prefix}tasks_by_worker ON ${tasks} (worker, task_id) WHERE ${isHeld}`,
        // The index of names holds all that is counted, so that counting reads no task; but for long methods, which no index takes.
        // It holds those that have ended, of which a store has most, so that other writes put nothing there.
        `CREATE INDEX ${prefix}tasks_by_name ON ${tasks} (${indexedName}, status, created_at, task_id) ` +
        `INCLUDE (ttl, original_method) WHERE ${hasEnded} AND ${hasShortMethod}`,
        `CREATE INDEX ${prefix}tasks_by_long_method ON ${tasks} (${indexedName}, status, created_at, task_id) ` +
        `WHERE ${hasEnded} AND ${hasLongMethod}`,
        `CREATE INDEX ${prefix}tasks_by_failure ON ${tasks} (last_updated_at, task_id) WHERE ${isFailed}`,
        // A worker is written again and again, and seldom two of them at once.
        `CREATE TABLE ${workers} (
  worker_id text COLLATE "C" NOT NULL PRIMARY KEY,
  registered_at bigint NOT NULL,
  lease_expires_at bigint NOT NULL,
  died_at bigint,
  about text NOT NULL
) WITH (fillfactor = 50)`,
        `CREATE TABLE ${news} (
  worker_id text COLLATE "C" NOT NULL,
  task_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (worker_id, task_id)
)`,
        `CREATE TABLE ${paused} (
  kind text COLLATE "C" NOT NULL PRIMARY KEY,
  original_method text NOT NULL,
  name text,
  every_name smallint NOT NULL,
  paused_at bigint NOT NULL
)`,
        // The row of all seats is written again and again.
        `CREATE TABLE ${seats} (
  session_id text COLLATE "C" NOT NULL PRIMARY KEY,
  tasks bigint NOT NULL,
  begun bigint NOT NULL
) WITH (fillfactor = 50)`,
        taskOverview(tables),
        `UPDATE ${schema} SET version = 3`
      ]
    }
  ]
}

/** What version 2 adds to a task. */
const secondColumns = ["name", "traceparent", "tracestate", "failure", "failure_stack"]

/** What version 3 adds to a task. */
const thirdColumns = ["due_at", "worker", "started_at", "ready", "rerun_of", "rerun_as", "run_traceparent"]

const forgetFunction = (tables: TaskTables): string => `${tables.tasks}_forget`

/** What has a limit together; what has one of its own is added up by the statement that asks. */
const payloadColumns = [
  "original_method",
  "status_message",
  "meta",
  "original_params",
  "input_requests",
  "input_responses",
  "request_state",
  "principal",
  "steps",
  "result"
]

/** All that version 3 has of text. If one were missing, it would be put beside the table in the place of larger ones. */
const textColumns = [
  "task_id",
  "session_id",
  "status",
  "incarnation",
  "result_kind",
  "input_keys",
  ...payloadColumns,
  ...secondColumns,
  replacedBy,
  "worker",
  "rerun_of",
  "rerun_as",
  "run_traceparent"
]

/** Asked first, because whoever may not create schemas may not even say `IF NOT EXISTS`. */
const makeDatabaseSchema = ({ qualifier }: TaskTables): ReadonlyArray<string> => {
  const name = qualifier.slice(0, -1)
  return name === ""
    ? []
    : [`DO $$ BEGIN IF to_regnamespace('${name}') IS NULL THEN CREATE SCHEMA ${name}; END IF; END $$`]
}

/**
 * Tells whether a part is made outside of a transaction. An index is, so that tasks can be written while it is built.
 *
 * @since 0.2.0
 * @category schema
 */
export const isMadeAlone = ({ kind }: DatabasePart): boolean => kind === "index"

/**
 * Gives the statements that make a part of the schema anew. A function is replaced, because triggers need it.
 *
 * @since 0.2.0
 * @category schema
 */
export const remake = (
  { kind, name, statement, table }: DatabasePart,
  { qualifier }: TaskTables
): ReadonlyArray<string> => {
  if (statement === undefined) return []
  const named = `${qualifier}${name}`
  switch (kind) {
    case "index":
      return [
        `DROP INDEX CONCURRENTLY IF EXISTS ${named}`,
        statement.replace(/^CREATE INDEX /, "CREATE INDEX CONCURRENTLY ")
      ]
    case "function":
      return [statement.replace(/^CREATE FUNCTION /, "CREATE OR REPLACE FUNCTION ")]
    case "trigger":
      return [`DROP TRIGGER IF EXISTS ${name} ON ${qualifier}${table}`, statement]
    case "view":
      return [`DROP VIEW IF EXISTS ${named}`, statement]
    case "table":
    case "column":
    case "constraint":
      return []
  }
}
