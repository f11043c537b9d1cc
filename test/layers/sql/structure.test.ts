/** That `schema: "verify"` compares what is there with what the migrations make, and names what is missing or different. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { SqlClient } from "effect/sql/SqlClient"
import type { TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { makePostgresDialect } from "../../../src/layers/postgres/PostgresDialect.ts"
import * as PostgresTaskStorage from "../../../src/layers/PostgresTaskStorage.ts"
import type { SqlDialect } from "../../../src/layers/sql/SqlDialect.ts"
import { makeSqlRunner } from "../../../src/layers/sql/SqlRunner.ts"
import { prepareSchema } from "../../../src/layers/sql/SqlSchema.ts"
import { structureOf } from "../../../src/layers/sql/SqlStructure.ts"
import { taskTables } from "../../../src/layers/sql/TaskTables.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import { sqliteDialect } from "../../../src/layers/sqlite/SqliteDialect.ts"
import { perFile } from "../../support/perFile.ts"
import { connect, open as openPostgres } from "../postgres/database.ts"
import { freshUrl } from "../postgres/engine.ts"
import { bare, freshFile, open as openSqliteStorage } from "../sqlite/database.ts"
import { firstSchema, firstTriggers } from "../sqlite/firstVersion.ts"

interface Opened {
  readonly sql: SqlClient
  readonly dialect: SqlDialect
}

/** A database that a layer with limits has made. */
const sqlite = perFile(Effect.gen(function*() {
  const filename = yield* freshFile
  yield* Effect.scoped(openSqliteStorage({ filename, maxTasks: 9 }))
  const opened: Opened = { sql: yield* openSqlite({ filename }), dialect: sqliteDialect }
  return opened
}))
const postgres = perFile(Effect.gen(function*() {
  const url = yield* freshUrl
  yield* Effect.scoped(openPostgres({ url, maxTasks: 9 }))
  const opened: Opened = { sql: yield* connect(url), dialect: makePostgresDialect() }
  return opened
}))

/** What a database of the first version is, with its limits, once a layer has brought it up to date. */
const upgradedSqlite = perFile(Effect.gen(function*() {
  const filename = yield* freshFile
  const database = yield* bare(filename)
  for (const statement of [...firstSchema, ...firstTriggers]) database.exec(statement)
  yield* Effect.scoped(openSqliteStorage({ filename }))
  const opened: Opened = { sql: yield* openSqlite({ filename }), dialect: sqliteDialect }
  return opened
}))
const upgradedPostgres = perFile(Effect.gen(function*() {
  const url = yield* freshUrl
  const sql = yield* connect(url)
  const [first] = Result.getOrThrow(PostgresTaskStorage.migrations())
  for (const statements of [first?.statements ?? [], Result.getOrThrow(PostgresTaskStorage.limitTriggers())]) {
    yield* sql.withTransaction(Effect.forEach(statements, (statement) => sql.unsafe(statement)))
  }
  yield* Effect.scoped(openPostgres({ url }))
  const opened: Opened = { sql, dialect: makePostgresDialect() }
  return opened
}))

/** What verifying says of a database after these statements, which are undone. `undefined` where it finds nothing. */
const verified = (database: Effect.Effect<Opened>, statements: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { dialect, sql } = yield* database
    const tables = yield* Effect.fromResult(taskTables())
    const runner = makeSqlRunner(sql, dialect, { lockTimeout: 1000 })
    let reason: string | undefined
    const look = Effect.gen(function*() {
      for (const statement of statements) yield* sql.unsafe(statement)
      reason = yield* prepareSchema(runner, dialect, tables, "verify", dialect.migrations(tables)).pipe(
        Effect.as(undefined),
        Effect.catch((error: TaskDriverError) => Effect.succeed(error.reason))
      )
      return yield* Effect.fail("undo" as const)
    })
    yield* Effect.catch(sql.withTransaction(look), (error) => error === "undo" ? Effect.void : Effect.fail(error))
    return reason
  })

type Case = readonly [name: string, statements: ReadonlyArray<string>, ...expected: ReadonlyArray<string>]

const anotherTrigger = "the trigger mcp_tasks_count_insert is another one"
const byExpiry = "DROP INDEX mcp_tasks_by_expiry"

/** Alike on both engines. */
const shared: ReadonlyArray<Case> = [
  [
    "a table",
    ["DROP TABLE mcp_messages"],
    "the table mcp_messages is missing",
    "the index mcp_messages_by_queue is missing"
  ],
  ["a column", ["ALTER TABLE mcp_tasks DROP COLUMN poll_interval"], "the column mcp_tasks.poll_interval is missing"],
  [
    "a column of another name",
    ["ALTER TABLE mcp_messages RENAME COLUMN body TO content"],
    "the column mcp_messages.body is missing"
  ],
  ["an index", [byExpiry], "the index mcp_tasks_by_expiry is missing"],
  [
    "an index on other columns",
    [byExpiry, "CREATE INDEX mcp_tasks_by_expiry ON mcp_tasks (task_id, expires_at) WHERE expires_at IS NOT NULL"],
    "the index mcp_tasks_by_expiry is \"on mcp_tasks (task_id, expires_at) where expires_at is not null\" and should be " +
    "\"on mcp_tasks (expires_at, task_id) where expires_at is not null\""
  ],
  [
    "an index in another order",
    [byExpiry, "CREATE INDEX mcp_tasks_by_expiry ON mcp_tasks (expires_at DESC, task_id) WHERE expires_at IS NOT NULL"],
    "(expires_at desc, task_id)"
  ],
  [
    "an index of other rows",
    [byExpiry, "CREATE INDEX mcp_tasks_by_expiry ON mcp_tasks (expires_at, task_id) WHERE expires_at IS NULL"],
    "where expires_at is null\" and should be"
  ],
  [
    "an index on another table",
    ["DROP INDEX mcp_messages_by_expiry", "CREATE INDEX mcp_messages_by_expiry ON mcp_tasks (expires_at)"],
    "the index mcp_messages_by_expiry is \"on mcp_tasks (expires_at)\" and should be \"on mcp_messages (expires_at)\""
  ],
  [
    "an index that allows each value once",
    [
      byExpiry,
      "CREATE UNIQUE INDEX mcp_tasks_by_expiry ON mcp_tasks (expires_at, task_id) WHERE expires_at IS NOT NULL"
    ],
    "is \"unique on mcp_tasks"
  ],
  [
    "an index of another hand that allows each value once",
    ["CREATE UNIQUE INDEX of_mine ON mcp_tasks (session_id)"],
    "the index of_mine is of another hand, and lets values into mcp_tasks only once"
  ]
]

const harmless: ReadonlyArray<Case> = [
  ["nothing", []],
  ["a table", ["CREATE TABLE jobs (id integer PRIMARY KEY, task text REFERENCES mcp_tasks (task_id))"]],
  ["an index", ["CREATE INDEX tasks_of_mine ON mcp_tasks (original_method)"]],
  ["a column", ["ALTER TABLE mcp_tasks ADD COLUMN note text DEFAULT 'none'"]],
  ["a view", ["CREATE VIEW working_tasks AS SELECT task_id FROM mcp_tasks WHERE status = 'working'"]],
  [
    "a newer version that is compatible, and has made other indexes",
    ["UPDATE mcp_schema SET version = 99, compatible_with = 1", byExpiry]
  ]
]

const recounting = `CREATE TRIGGER mcp_tasks_count_insert AFTER INSERT ON mcp_tasks BEGIN
  UPDATE mcp_task_counts SET tasks = tasks + 1 WHERE session_id = '';
END`

const ofSqlite: ReadonlyArray<Case> = [
  [
    "a column of another type, in a table of another kind",
    [
      "DROP TABLE mcp_task_counts",
      "CREATE TABLE mcp_task_counts (session_id TEXT NOT NULL PRIMARY KEY, tasks TEXT NOT NULL)"
    ],
    "the table mcp_task_counts is \"\" and should be \"strict, without rowid\"",
    "the column mcp_task_counts.tasks is \"text not null\" and should be \"integer not null\""
  ],
  [
    "a column that may be null, one with another order, and no key",
    [
      "DROP TABLE mcp_messages",
      "CREATE TABLE mcp_messages (seq INTEGER, queue TEXT NOT NULL COLLATE NOCASE, expires_at INTEGER, body TEXT NOT NULL) STRICT"
    ],
    "the primary key of mcp_messages is \"\" and should be \"seq\"",
    "the column mcp_messages.queue is \"text collate nocase not null\" and should be \"text not null\"",
    "the column mcp_messages.expires_at is \"integer\" and should be \"integer not null\""
  ],
  [
    "a column that is worked out in another way",
    [
      "ALTER TABLE mcp_tasks DROP COLUMN bytes",
      "ALTER TABLE mcp_tasks ADD COLUMN bytes INTEGER GENERATED ALWAYS AS (octet_length(result)) VIRTUAL"
    ],
    "the column mcp_tasks.bytes is \"integer generated (octet_length result)\" and should be"
  ],
  ["a trigger", ["DROP TRIGGER mcp_tasks_count_insert"], "the trigger mcp_tasks_count_insert is missing"],
  ["another trigger", ["DROP TRIGGER mcp_tasks_count_insert", recounting], anotherTrigger],
  [
    "columns of another hand that refuse rows",
    [
      "DROP TABLE mcp_task_counts",
      "CREATE TABLE mcp_task_counts (session_id TEXT NOT NULL PRIMARY KEY, tasks INTEGER NOT NULL CHECK (tasks >= 0), " +
      "note TEXT NOT NULL, day TEXT UNIQUE, task TEXT REFERENCES mcp_tasks (task_id), CHECK (tasks < 9)) STRICT, WITHOUT ROWID"
    ],
    "the table mcp_task_counts has a constraint of another hand: check tasks > = 0",
    "the table mcp_task_counts has a constraint of another hand: unique day",
    "the table mcp_task_counts has a constraint of another hand: foreign key task references mcp_tasks task_id",
    "the table mcp_task_counts has a constraint of another hand: check tasks < 9",
    "the column mcp_task_counts.note is of another hand, and may neither be null nor left out"
  ]
]

const ofPostgres: ReadonlyArray<Case> = [
  [
    "a column of another type",
    ["ALTER TABLE mcp_tasks ALTER COLUMN poll_interval TYPE integer"],
    "the column mcp_tasks.poll_interval is \"integer\" and should be \"bigint\""
  ],
  [
    "a column that may be null",
    ["ALTER TABLE mcp_tasks ALTER COLUMN revision DROP NOT NULL"],
    "the column mcp_tasks.revision is \"bigint\" and should be \"bigint not null\""
  ],
  [
    "a column with another order",
    ["ALTER TABLE mcp_messages ALTER COLUMN queue TYPE text COLLATE \"POSIX\""],
    "the column mcp_messages.queue is \"text collate posix not null\" and should be \"text collate c not null\""
  ],
  [
    "a column with a default, and one that is worked out in another way",
    [
      "ALTER TABLE mcp_tasks ALTER COLUMN ttl SET DEFAULT 5",
      "DROP VIEW mcp_task_overview",
      "ALTER TABLE mcp_tasks DROP COLUMN expires_at",
      "ALTER TABLE mcp_tasks ADD COLUMN expires_at bigint GENERATED ALWAYS AS (created_at - ttl) STORED"
    ],
    "the column mcp_tasks.ttl is \"bigint default 5\" and should be \"bigint\"",
    "the column mcp_tasks.expires_at is \"bigint generated (created_at - ttl) stored\" and should be"
  ],
  [
    "no key",
    ["ALTER TABLE mcp_task_counts DROP CONSTRAINT mcp_task_counts_pkey"],
    "the primary key of mcp_task_counts is \"\" and should be \"session_id\""
  ],
  [
    "a trigger",
    ["DROP TRIGGER mcp_tasks_count_insert ON mcp_tasks"],
    "the trigger mcp_tasks_count_insert is missing"
  ],
  [
    "a trigger that is off",
    ["ALTER TABLE mcp_tasks DISABLE TRIGGER mcp_tasks_count_insert"],
    "the trigger mcp_tasks_count_insert is missing"
  ],
  [
    "another trigger",
    [
      "DROP TRIGGER mcp_tasks_count_insert ON mcp_tasks",
      "CREATE TRIGGER mcp_tasks_count_insert AFTER INSERT ON mcp_tasks FOR EACH ROW EXECUTE FUNCTION mcp_tasks_count_lock()"
    ],
    anotherTrigger
  ],
  ["a function", ["DROP FUNCTION mcp_messages_push"], "the function mcp_messages_push is missing"],
  ["a function of limits", ["DROP FUNCTION mcp_tasks_room"], "the function mcp_tasks_room is missing"],
  [
    "another function",
    [
      "CREATE OR REPLACE FUNCTION mcp_tasks_count_lock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
    ],
    "the function mcp_tasks_count_lock is another one"
  ],
  ...["STRICT", "STABLE", "SET default_transaction_read_only = on"].map((setting): Case => [
    `a function that is ${setting}`,
    [`ALTER FUNCTION mcp_messages_push ${setting}`],
    "the function mcp_messages_push is another one"
  ]),
  [
    "constraints of another hand",
    [
      "ALTER TABLE mcp_tasks ADD CONSTRAINT small CHECK (revision < 9)",
      "ALTER TABLE mcp_tasks ADD UNIQUE (incarnation)",
      "ALTER TABLE mcp_messages ADD FOREIGN KEY (queue) REFERENCES mcp_tasks (task_id)"
    ],
    "the table mcp_tasks has a constraint of another hand: check revision < 9",
    "the table mcp_tasks has a constraint of another hand: unique incarnation",
    "the table mcp_messages has a constraint of another hand: foreign key queue references mcp_tasks task_id"
  ],
  [
    "a column of another hand that refuses rows",
    ["ALTER TABLE mcp_messages ADD COLUMN note text NOT NULL"],
    "the column mcp_messages.note is of another hand, and may neither be null nor left out"
  ]
]

const harmlessInPostgres: ReadonlyArray<Case> = [
  [
    "what an owner sets for a function",
    [
      "ALTER FUNCTION mcp_messages_push SET search_path = public",
      "ALTER FUNCTION mcp_messages_push SECURITY DEFINER COST 9"
    ]
  ],
  [
    "a trigger and a function",
    [
      "CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
      "CREATE TRIGGER of_mine BEFORE UPDATE ON mcp_tasks FOR EACH ROW EXECUTE FUNCTION mine()"
    ]
  ]
]

const harmlessInSqlite: ReadonlyArray<Case> = [
  ["a trigger", ["CREATE TRIGGER of_mine AFTER UPDATE ON mcp_tasks BEGIN SELECT 1; END"]]
]

const suite = (
  name: string,
  database: Effect.Effect<Opened>,
  found: ReadonlyArray<Case>,
  accepted: ReadonlyArray<Case>
) =>
  describe(`verify on ${name}`, () => {
    for (const [name, statements, ...expected] of found) {
      it.live(`names ${name}`, () =>
        Effect.gen(function*() {
          const reason = yield* verified(database, statements)
          for (const part of expected) assert.include(reason, part)
          assert.include(reason, "make them as the statements of migrations and limitTriggers do")
        }))
    }
    for (const [name, statements] of accepted) {
      it.live(`has nothing to say of what is added: ${name}`, () =>
        Effect.gen(function*() {
          assert.isUndefined(yield* verified(database, statements))
        }))
    }
  })

suite("sqlite, from the first version", upgradedSqlite, [], [["nothing", []]])
suite("postgres, from the first version", upgradedPostgres, [], [["nothing", []]])
suite("sqlite", sqlite, [...shared, ...ofSqlite], [...harmless, ...harmlessInSqlite])
suite("postgres", postgres, [...shared, ...ofPostgres], [...harmless, ...harmlessInPostgres])

describe("verify", () => {
  it.live("takes names with capitals, and a database schema", () =>
    Effect.gen(function*() {
      const place = { tablePrefix: "App_", maxTasks: 9 }
      const file = { ...place, filename: yield* freshFile }
      const database = { ...place, url: yield* freshUrl, databaseSchema: "Tasks" }
      for (const schema of ["migrate", "verify"] as const) {
        yield* Effect.scoped(openSqliteStorage({ ...file, schema }))
        yield* Effect.scoped(openPostgres({ ...database, schema }))
      }
    }))

  it.live("names the first differences, and how many more there are", () =>
    Effect.gen(function*() {
      const reason = yield* verified(sqlite, [
        "DROP TABLE mcp_tasks",
        "DROP TABLE mcp_messages",
        "DROP TABLE mcp_task_counts"
      ])
      assert.match(
        reason ?? "",
        /^the tables say that they are of schema version \d+, and are not: .*; and \d+ more; make/
      )
    }))

  it.live("fails to open what it finds fault with, and leaves it as it is", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      yield* Effect.scoped(openSqliteStorage({ filename }))
      const sql = yield* openSqlite({ filename })
      yield* sql.unsafe(byExpiry)
      const error = yield* Effect.flip(openSqliteStorage({ filename, schema: "verify" }))
      assert.strictEqual(error._tag, "TaskStorageUnavailable")
      assert.include(error.message, "open failed: the tables say")
      assert.lengthOf(yield* sql`SELECT 1 FROM sqlite_schema WHERE name = 'mcp_tasks_by_expiry'`, 0)
    }))

  it("a change of a table that it cannot read is a mistake of whoever writes a migration", () => {
    const made = "CREATE TABLE t (a text)"
    for (const change of ["ALTER TABLE t ALTER COLUMN a SET NOT NULL", "ALTER TABLE u ADD COLUMN b text"]) {
      assert.throws(() => structureOf([made, change]), /no structure can be told from/)
    }
  })
})
