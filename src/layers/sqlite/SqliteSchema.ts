/**
 * The tables of SQLite, as versioned steps.
 *
 * @since 0.1.0
 */
import { becomesReady, isReady, kindText, sessionKey } from "../sql/FreeStatements.ts"
import { type AllCounters, begun, hasBegun, isSeated, seatOf } from "../sql/SqlCounters.ts"
import type { DatabasePart, SqlMigration } from "../sql/SqlDialect.ts"
import { bytesOf, hasEnded, isFailed, isHeld, isLeased, isNotHeld, waitsForNothing } from "../sql/SqlStatement.ts"
import { type TaskTables, totalKey } from "../sql/TaskTables.ts"
import { taskOverview } from "./taskOverview.ts"

/**
 * Gives the steps of the schema, oldest first. A step that has been released never changes.
 *
 * @since 0.1.0
 * @category schema
 */
export const migrations = (tables: TaskTables): ReadonlyArray<SqlMigration> => stepsOf(tables, taskOverview(tables))

const stepsOf = (
  { counts, messages, news, paused, schema, seats, tasks, workers }: TaskTables,
  overview: string
): ReadonlyArray<SqlMigration> => [
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
      createTasks(tasks, first),
      ...indexes(tasks),
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
  },
  {
    id: 2,
    name: "leases, principals and steps",
    statements: [
      ...remade(tasks, 1, createTasks(tasks, second), firstColumns, indexNames(tasks)),
      ...indexes(tasks),
      leaseIndex(tasks),
      `UPDATE ${schema} SET version = 2`
    ]
  },
  {
    id: 3,
    name: "names, trace contexts and failures",
    statements: [
      ...remade(tasks, 2, createTasks(tasks, third), secondColumns, [...indexNames(tasks), `${tasks}_by_lease`]),
      ...indexes(tasks),
      leaseIndex(tasks),
      `UPDATE ${schema} SET version = 3`
    ]
  },
  {
    id: 4,
    name: "registered workers",
    statements: [
      ...remade(tasks, 3, createTasks(tasks, fourth), thirdColumns, [...indexNames(tasks), `${tasks}_by_lease`]),
      ...indexes(tasks).filter((index) => !index.includes("_by_update ")),
      ...holdIndexes(tasks),
      ...operatorIndexes(tasks),
      `CREATE TABLE ${workers} (
  worker_id TEXT NOT NULL PRIMARY KEY,
  registered_at INTEGER NOT NULL,
  lease_expires_at INTEGER NOT NULL,
  died_at INTEGER,
  about TEXT NOT NULL
) STRICT, WITHOUT ROWID`,
      `CREATE TABLE ${news} (
  worker_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  PRIMARY KEY (worker_id, task_id)
) STRICT, WITHOUT ROWID`,
      `CREATE TABLE ${paused} (
  kind TEXT NOT NULL PRIMARY KEY,
  original_method TEXT NOT NULL,
  name TEXT,
  every_name INTEGER NOT NULL,
  paused_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID`,
      `CREATE TABLE ${seats} (
  session_id TEXT NOT NULL PRIMARY KEY,
  tasks INTEGER NOT NULL,
  begun INTEGER NOT NULL
) STRICT, WITHOUT ROWID`,
      overview,
      `UPDATE ${schema} SET version = 4`
    ]
  }
]

/**
 * Makes the table of tasks anew with what is in it, because a column that is added comes behind the large ones, which
 * would be read for it.
 */
const remade = (
  tasks: string,
  version: number,
  create: string,
  columns: string,
  indexes: ReadonlyArray<string>
): ReadonlyArray<string> => [
  // Views of the user would go on to name the table that is dropped.
  "PRAGMA legacy_alter_table = ON",
  `ALTER TABLE ${tasks} RENAME TO ${tasks}_${version}`,
  "PRAGMA legacy_alter_table = OFF",
  ...indexes.map((name) => `DROP INDEX ${name}`),
  create,
  `INSERT INTO ${tasks} (${columns}) SELECT ${columns} FROM ${tasks}_${version}`,
  `DROP TABLE ${tasks}_${version}`
]

/** The columns of version 1 that are not generated. */
const firstColumns = "task_id, session_id, status, created_at, last_updated_at, ttl, poll_interval, revision, " +
  "incarnation, result_kind, original_method, status_message, meta, original_params, input_requests, " +
  "input_responses, request_state, input_keys, result"

/** The columns of version 2 that are not generated. */
const secondColumns = `${firstColumns}, attempt, lease_expires_at, principal, steps`

/** The columns of version 3 that are not generated. */
const thirdColumns = `${secondColumns}, name, traceparent, tracestate, failure, failure_stack`

/** What a version adds to the table: small columns, those behind the metadata, large ones. */
interface Columns {
  readonly small: string
  readonly described: string
  readonly large: string
  /** What has a limit together; what has one of its own is added up by the statement that asks. */
  readonly payloads: ReadonlyArray<string>
}

const first: Columns = {
  small: "",
  described: "",
  large: "",
  payloads: [
    "original_method",
    "status_message",
    "meta",
    "original_params",
    "input_requests",
    "input_responses",
    "request_state",
    "result"
  ]
}

const second: Columns = {
  // The default is for processes of the version before, which do not name it.
  small: "\n  attempt INTEGER NOT NULL DEFAULT 0,\n  lease_expires_at INTEGER,",
  described: "",
  large: "\n  principal TEXT,\n  steps TEXT,",
  payloads: [...first.payloads, "principal", "steps"]
}

const third: Columns = {
  small: `${second.small}\n  name TEXT,\n  traceparent TEXT,\n  tracestate TEXT,`,
  described: "\n  failure TEXT,",
  large: `${second.large}\n  failure_stack TEXT,`,
  payloads: second.payloads
}

const fourth: Columns = {
  ...third,
  small:
    `${third.small}\n  due_at INTEGER,\n  worker TEXT,\n  started_at INTEGER,\n  ready INTEGER,\n  rerun_of TEXT,\n  rerun_as TEXT,\n  run_traceparent TEXT,`
}

/**
 * What is generated is what SQLite can work out of the rest of the row whenever it writes it. Large columns come last, so
 * that the others are read without them.
 */
const createTasks = (tasks: string, { described, large, payloads, small }: Columns): string =>
  `CREATE TABLE ${tasks} (
  task_id TEXT NOT NULL PRIMARY KEY,
  session_id TEXT,
  status TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_updated_at INTEGER NOT NULL,
  active_updated_at INTEGER GENERATED ALWAYS AS (CASE WHEN status IN ('working', 'input_required') THEN last_updated_at END) STORED,
  ttl INTEGER,
  expires_at INTEGER GENERATED ALWAYS AS (created_at + ttl) STORED,
  poll_interval INTEGER,
  revision INTEGER NOT NULL,
  incarnation TEXT NOT NULL,${small}
  result_kind TEXT,
  bytes INTEGER GENERATED ALWAYS AS (${bytesOf(payloads)}) STORED,
  original_method TEXT NOT NULL,
  status_message TEXT,
  meta TEXT,${described}
  original_params TEXT,
  input_requests TEXT,
  input_responses TEXT,
  request_state TEXT,
  input_keys TEXT,${large}
  result TEXT
) STRICT`

const indexNames = (tasks: string): ReadonlyArray<string> => indexesOf.map(([name]) => `${tasks}_by_${name}`)

const indexes = (tasks: string): ReadonlyArray<string> =>
  indexesOf.map(([name, columns]) => `CREATE INDEX ${tasks}_by_${name} ON ${tasks} ${columns}`)

/** The status as well, or SQLite would rather read all tasks of that status. */
const leaseIndex = (tasks: string): string =>
  `CREATE INDEX ${tasks}_by_lease ON ${tasks} (status, lease_expires_at, task_id) ` +
  "WHERE status = 'working' AND lease_expires_at IS NOT NULL"

/**
 * Who holds a task, or what it waits for, decides which of these it is in. The column that is the same for all of an index comes
 * first, for the same reason.
 */
const holdIndexes = (tasks: string): ReadonlyArray<string> =>
  [
    `update ON ${tasks} (status, active_updated_at, task_id) WHERE active_updated_at IS NOT NULL AND ${isNotHeld}`,
    `free ON ${tasks} (ready, ${kindKey(kindText)}, ${sessionKey}, lease_expires_at, task_id) WHERE ${isReady}`,
    `due ON ${tasks} (ready, lease_expires_at, task_id) WHERE ${becomesReady}`,
    `lease ON ${tasks} (status, lease_expires_at, task_id) ` +
    `WHERE status = 'working' AND ${isLeased} AND ${waitsForNothing}`,
    `worker ON ${tasks} (worker, task_id) WHERE ${isHeld}`
  ].map((index) => `CREATE INDEX ${tasks}_by_${index}`)

/**
 * The index of names holds all that is counted, so that counting reads no task. It holds those that have ended, of which a store has
 * most, so that a task is put there once, with its end.
 */
const operatorIndexes = (tasks: string): ReadonlyArray<string> => [
  `CREATE INDEX ${tasks}_by_name ON ${tasks} (name, status, created_at, task_id, ttl, original_method) ` +
  `WHERE ${hasEnded}`,
  `CREATE INDEX ${tasks}_by_failure ON ${tasks} (last_updated_at, task_id) WHERE ${isFailed}`
]

/**
 * Gives the key of a kind, of the text of its method and then its name.
 *
 * @since 0.2.0
 * @category schema
 */
export const kindKey = (text: string): string => text

const indexesOf = [
  ["creation", "(created_at, task_id)"],
  ["status", "(status, created_at, task_id)"],
  ["session", "(session_id, created_at, task_id)"],
  ["session_status", "(session_id, status, created_at, task_id)"],
  ["update", "(status, active_updated_at, task_id) WHERE active_updated_at IS NOT NULL"],
  ["expiry", "(expires_at, task_id) WHERE expires_at IS NOT NULL"]
] as const

const insertTrigger = (tables: TaskTables) => `${tables.tasks}_count_insert`
const deleteTrigger = (tables: TaskTables) => `${tables.tasks}_count_delete`

const exists = (trigger: string): string => `SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name = '${trigger}'`

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
    ...recount(tables)
  ]
}

/**
 * Gives the statements that count seats, and keep the counts from then on, as {@link makeTriggers} does for stored tasks.
 *
 * @since 0.2.0
 * @category schema
 */
export const makeSeatTriggers = (tables: TaskTables): ReadonlyArray<string> => {
  const { seats, tasks } = tables
  const removeEmpty = (row: "new" | "old") => `DELETE FROM ${seats} WHERE session_id = ${row}.session_id AND tasks <= 0`
  const change = (of: (seat: string) => string) => `(${of(seatOf("new"))}) - (${of(seatOf("old"))})`
  return [
    `CREATE TRIGGER ${tasks}_seat_insert AFTER INSERT ON ${tasks} WHEN ${isSeated("new")} BEGIN
  INSERT INTO ${seats} (session_id, tasks, begun) VALUES ('${totalKey}', 1, ${begun("new")})
    ON CONFLICT (session_id) DO UPDATE SET tasks = tasks + 1, begun = begun + excluded.begun;
  INSERT INTO ${seats} (session_id, tasks, begun) SELECT new.session_id, 1, ${
      begun("new")
    } WHERE new.session_id IS NOT NULL
    ON CONFLICT (session_id) DO UPDATE SET tasks = tasks + 1, begun = begun + excluded.begun;
END`,
    `CREATE TRIGGER ${tasks}_seat_update AFTER UPDATE OF status, attempt, lease_expires_at ON ${tasks}
WHEN ${seatOf("new")} <> ${seatOf("old")} BEGIN
  UPDATE ${seats} SET tasks = tasks + ${change((seat) => `${seat} > 0`)}, begun = begun + ${
      change((seat) => `${seat} > 1`)
    } WHERE session_id IN ('${totalKey}', new.session_id);
  ${removeEmpty("new")};
END`,
    `CREATE TRIGGER ${seatDeleteTrigger(tables)} AFTER DELETE ON ${tasks} WHEN ${isSeated("old")} BEGIN
  UPDATE ${seats} SET tasks = tasks - 1, begun = begun - ${
      begun("old")
    } WHERE session_id IN ('${totalKey}', old.session_id);
  ${removeEmpty("old")};
END`,
    `CREATE INDEX ${tasks}_by_begun ON ${tasks} (ready, ${
      kindKey(kindText)
    }, ${sessionKey}, lease_expires_at, task_id) ` +
    `WHERE ${isReady} AND ${hasBegun}`,
    ...recountSeats(tables)
  ]
}

const seatDeleteTrigger = (tables: TaskTables) => `${tables.tasks}_seat_delete`

const recountSeats = ({ seats, tasks }: TaskTables): ReadonlyArray<string> => [
  `DELETE FROM ${seats}`,
  `INSERT INTO ${seats} (session_id, tasks, begun)
  SELECT '${totalKey}', count(*), coalesce(sum(${begun()}), 0) FROM ${tasks} WHERE ${isSeated()}`,
  `INSERT INTO ${seats} (session_id, tasks, begun)
  SELECT session_id, count(*), sum(${begun()}) FROM ${tasks} WHERE ${isSeated()} AND session_id IS NOT NULL GROUP BY session_id`
]

const recount = ({ counts, tasks }: TaskTables): ReadonlyArray<string> => [
  `DELETE FROM ${counts}`,
  `INSERT INTO ${counts} (session_id, tasks) SELECT '${totalKey}', count(*) FROM ${tasks}`,
  `INSERT INTO ${counts} (session_id, tasks)
  SELECT session_id, count(*) FROM ${tasks} WHERE session_id IS NOT NULL GROUP BY session_id`
]

/**
 * What keeps the counts of limits in SQLite.
 *
 * @since 0.2.0
 * @category schema
 */
export const counters: AllCounters = {
  tasks: {
    missing: "maxTasks and maxTasksPerSession need triggers that this database does not have",
    statements: "limitTriggers",
    table: ({ counts }) => counts,
    triggersExist: (tables) => exists(deleteTrigger(tables)),
    makeTriggers,
    recount
  },
  seats: {
    missing: "maxActive and maxActivePerSession need triggers that this database does not have",
    statements: "activeLimitTriggers",
    table: ({ seats }) => seats,
    triggersExist: (tables) => exists(seatDeleteTrigger(tables)),
    makeTriggers: makeSeatTriggers,
    recount: recountSeats
  }
}

/**
 * Gives the statements that make a part of the schema anew.
 *
 * @since 0.2.0
 * @category schema
 */
export const remake = ({ kind, name, statement }: DatabasePart): ReadonlyArray<string> =>
  statement === undefined ? [] : [`DROP ${kind.toUpperCase()} IF EXISTS ${name}`, statement]
