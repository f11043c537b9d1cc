/** That a look at a store finds each fault of real databases, says what to do, mends what is safe, and then finds nothing. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { chmodSync } from "node:fs"
import type { StoreFinding } from "../../../src/domain/driver/StoreReport.ts"
import type { TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { makeSqlRunner } from "../../../src/layers/sql/SqlRunner.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import { sqliteChecks } from "../../../src/layers/sqlite/sqliteChecks.ts"
import { sqliteDialect } from "../../../src/layers/sqlite/SqliteDialect.ts"
import { connect, open as openPostgres } from "../postgres/database.ts"
import { freshUrl } from "../postgres/engine.ts"
import { firstSchema as firstPostgresSchema } from "../postgres/firstVersion.ts"
import { freshFile, open as openSqliteStorage } from "../sqlite/database.ts"
import { firstSchema } from "../sqlite/firstVersion.ts"

type Failure = SqlError | TaskDriverError | TaskStorageError

interface Database {
  readonly sql: SqlClient
  /** The file of SQLite. */
  readonly filename: string
  /** Opens it as it is. */
  readonly storage: Effect.Effect<TaskStorageShape, Failure, Scope.Scope>
}

interface Case {
  readonly name: string
  /** Breaks a store with three tasks, of which two are of the session `s`; tasks are counted. */
  readonly harm:
    | ReadonlyArray<string>
    | ((database: Database, storage: TaskStorageShape) => Effect.Effect<unknown, Failure>)
  /** What is found, in this order: the code, the subject, and what the problem and the advice say. */
  readonly found: ReadonlyArray<readonly [code: string, subject: string, problem: RegExp, advice: RegExp]>
  readonly mends: boolean
  readonly deep?: boolean
  /** How far the clock of the process is behind. */
  readonly behind?: number
}

const index = (name: string) => ["index", name, new RegExp(`^The index ${name} is`), /^Make the index/] as const

const setStatus = (status: string, taskId: string) => `UPDATE mcp_tasks SET ${status} WHERE task_id = '${taskId}'`

const rows = (problem: RegExp, advice: RegExp) => ["rows", "tasks", problem, advice] as const

/** Alike on both engines. */
const shared: ReadonlyArray<Case> = [
  { name: "nothing", harm: [], found: [], mends: true, deep: true },
  {
    name: "a missing index",
    harm: ["DROP INDEX mcp_tasks_by_expiry"],
    found: [index("mcp_tasks_by_expiry")],
    mends: true
  },
  {
    name: "an index on other columns, and one of the workers' tasks that is missing",
    harm: [
      "DROP INDEX mcp_tasks_by_creation",
      "CREATE INDEX mcp_tasks_by_creation ON mcp_tasks (task_id)",
      "DROP INDEX mcp_tasks_by_worker"
    ],
    found: [index("mcp_tasks_by_creation"), index("mcp_tasks_by_worker")],
    mends: true
  },
  {
    name: "an index of another hand that refuses tasks",
    harm: ["CREATE UNIQUE INDEX of_mine ON mcp_tasks (incarnation)"],
    found: [["constraint", "mcp_tasks", /of_mine is of another hand/, /^Drop what is of another hand/]],
    mends: false
  },
  {
    name: "a missing view",
    harm: ["DROP VIEW mcp_task_overview"],
    found: [["view", "mcp_task_overview", /^The view mcp_task_overview is missing/, /^Make the view/]],
    mends: true
  },
  {
    name: "a changed view",
    harm: ["DROP VIEW mcp_task_overview", "CREATE VIEW mcp_task_overview AS SELECT task_id FROM mcp_tasks"],
    found: [["view", "mcp_task_overview", /^The view mcp_task_overview is another one/, /^Make the view/]],
    mends: true
  },
  {
    name: "a missing table",
    harm: ["DROP TABLE mcp_messages"],
    found: [
      ["table", "mcp_messages", /^The table mcp_messages is missing\.$/, /^Restore the table from a backup/],
      index("mcp_messages_by_queue"),
      index("mcp_messages_by_expiry")
    ],
    mends: false
  },
  {
    name: "a newer schema that needs a newer library",
    harm: ["UPDATE mcp_schema SET version = 99, compatible_with = 98"],
    found: [["schema", "mcp_schema", /version 99, which needs a library of at least version 98/, /^Upgrade/]],
    mends: false,
    deep: true
  },
  {
    name: "a newer schema that this library may use",
    harm: ["UPDATE mcp_schema SET version = 99, compatible_with = 1", "DROP INDEX mcp_tasks_by_expiry"],
    found: [["schema", "mcp_schema", /It may use them/, /^Finish the deploy/]],
    mends: false,
    deep: true
  },
  {
    name: "no tables",
    harm: ["DROP TABLE mcp_schema"],
    found: [["schema", "mcp_schema", /^There are no tables/, /^Check the URL/]],
    mends: false,
    deep: true
  },
  {
    name: "a table of the version that cannot be read",
    harm: ["ALTER TABLE mcp_schema RENAME COLUMN version TO v"],
    found: [["schema", "mcp_schema", /^This check could not be made/, /^Mend what the reason names/]],
    mends: false,
    deep: true
  },
  {
    name: "wrong counts",
    harm: [
      "UPDATE mcp_task_counts SET tasks = 7 WHERE session_id = ''",
      "DELETE FROM mcp_task_counts WHERE session_id = 's'",
      "INSERT INTO mcp_task_counts (session_id, tasks) VALUES ('gone', 2)"
    ],
    found: [[
      "counters",
      "mcp_task_counts",
      /^3 counts .* that of all tasks is 7, and 3 are stored/,
      /^Tasks are refused/
    ]],
    mends: true,
    deep: true
  },
  {
    name: "messages without a task",
    harm: (_, storage) =>
      Effect.gen(function*() {
        yield* storage.messages.enqueue("gone", "lost")
        yield* storage.messages.enqueue("gone", "lost")
        yield* storage.messages.enqueue("one", "kept")
      }),
    found: [["messages", "mcp_messages", /^2 messages wait for tasks that are not there/, /^Nobody will fetch them/]],
    mends: true,
    deep: true
  },
  {
    name: "rows that break the rules",
    harm: [
      setStatus("status = 'completed'", "one"),
      setStatus("result = '{\"_tag\":\"Success\",\"value\":1}', result_kind = 'error'", "two"),
      setStatus("original_params = '{', ttl = -5", "three")
    ],
    found: [
      rows(/^1 task has a result kind/, /correct its result kind/),
      rows(/^1 task cannot be read/, /delete the task by its id/),
      rows(/^1 task has ended without an outcome/, /settleTask/),
      rows(/^1 task has an outcome and has not ended/, /recoverStuckTasks/)
    ],
    mends: false,
    deep: true
  },
  {
    name: "rows whose status nobody knows",
    harm: [setStatus("status = 'lost'", "one"), setStatus("result_kind = 'none'", "two")],
    found: [rows(/^2 tasks cannot be read/, /delete the task by its id/)],
    mends: false,
    deep: true
  },
  {
    name: "rows with numbers and ids that no operation writes",
    harm: [
      setStatus("ttl = -1, created_at = 9000000000000", "one"),
      setStatus("revision = 0", "two"),
      setStatus("task_id = 'a\n'", "three")
    ],
    found: [rows(/^1 task has an id or a session id/, /./), rows(/^2 tasks have a number out of its range/, /./)],
    mends: false,
    deep: true
  },
  {
    name: "the tasks of a dead worker",
    harm: (_, storage) =>
      Effect.gen(function*() {
        const { workerId } = yield* storage.registerWorker({ lease: 1 })
        yield* storage.createTask({ originalMethod: "m", taskId: "held", worker: workerId })
        yield* Effect.sleep(5)
        yield* storage.declareDeadWorkers()
      }),
    found: [["workers", "", /^1 dead worker holds 1 task\.$/, /free them with fix/]],
    mends: true
  }
]

const trigger = (name: string) => ["trigger", name, /./, /^Make the trigger/] as const

const lax = "CREATE TRIGGER mcp_tasks_count_insert AFTER INSERT ON mcp_tasks BEGIN SELECT 1; END"

const mebibyte = 1024 * 1024

const ofSqlite: ReadonlyArray<Case> = [
  {
    name: "a column of another type",
    harm: [
      "DROP TABLE mcp_messages",
      "CREATE TABLE mcp_messages (seq INTEGER PRIMARY KEY, queue TEXT NOT NULL, expires_at TEXT NOT NULL, body TEXT NOT NULL) STRICT",
      "CREATE INDEX mcp_messages_by_queue ON mcp_messages (queue, seq)",
      "CREATE INDEX mcp_messages_by_expiry ON mcp_messages (expires_at)"
    ],
    found: [[
      "column",
      "mcp_messages.expires_at",
      /^The column mcp_messages.expires_at is "text not null" and should be "integer not null"\.$/,
      /^Change the column/
    ]],
    mends: false
  },
  {
    name: "another trigger, and a missing one, with counts that were not kept",
    harm: [
      "DROP TRIGGER mcp_tasks_count_insert",
      lax,
      "DROP TRIGGER mcp_tasks_count_delete",
      "DELETE FROM mcp_tasks WHERE task_id = 'one'"
    ],
    found: [
      trigger("mcp_tasks_count_insert"),
      trigger("mcp_tasks_count_delete"),
      ["counters", "mcp_task_counts", /all tasks is 3, and 2 are stored/, /./]
    ],
    mends: true,
    deep: true
  },
  {
    name: "a file that everybody may read",
    harm: ({ filename }) => Effect.sync(() => chmodSync(filename, 0o644)),
    found: [["file_mode", "tasks.db", /may read the tasks: the mode of .* is 0644/, /chmod o-rwx/]],
    mends: true
  },
  {
    name: "a log that everybody may write",
    // SQLite gives an empty log the mode of the database.
    harm: ({ filename, sql }) =>
      Effect.map(sql.unsafe("CREATE TABLE mine (a)"), () => chmodSync(`${filename}-wal`, 0o602)),
    found: [["file_mode", "tasks.db", /may read and write the tasks: the mode of .*-wal is 0602/, /chmod o-rwx/]],
    mends: true
  },
  {
    name: "a file that is mostly empty",
    harm: ({ sql }) =>
      Effect.gen(function*() {
        yield* sql.unsafe("CREATE TABLE mine (a)")
        for (let count = 0; count < 20; count++) yield* sql.unsafe(`INSERT INTO mine VALUES (zeroblob(${mebibyte}))`)
        yield* sql.unsafe("DROP TABLE mine")
        yield* sql.unsafe("PRAGMA wal_checkpoint(TRUNCATE)")
      }),
    found: [["bloat", "tasks.db", /^20 MiB of the 2\d MiB of the file are empty/, /VACUUM/]],
    mends: true
  },
  {
    name: "a log that has grown",
    harm: ({ sql }) =>
      Effect.gen(function*() {
        yield* sql.unsafe("PRAGMA wal_autocheckpoint = 0")
        yield* sql.unsafe("CREATE TABLE mine (a)")
        for (let count = 0; count < 66; count++) {
          yield* sql.unsafe("DELETE FROM mine")
          yield* sql.unsafe(`INSERT INTO mine VALUES (zeroblob(${mebibyte}))`)
        }
      }),
    found: [["bloat", "tasks.db-wal", /^The write-ahead log has \d+ MiB/, /keeps it from being cut/]],
    mends: true
  }
]

const ofPostgres: ReadonlyArray<Case> = [
  {
    name: "a column of another type, and one that may be null",
    harm: [
      "ALTER TABLE mcp_tasks ALTER COLUMN poll_interval TYPE integer",
      "ALTER TABLE mcp_tasks ALTER COLUMN revision DROP NOT NULL"
    ],
    found: [
      ["column", "mcp_tasks.poll_interval", /is "integer" and should be "bigint"/, /^Change the column/],
      ["column", "mcp_tasks.revision", /./, /^Change the column/]
    ],
    mends: false
  },
  {
    name: "a constraint of another hand",
    harm: ["ALTER TABLE mcp_tasks ADD CHECK (revision < 9)"],
    found: [["constraint", "mcp_tasks", /has a constraint of another hand: check revision < 9/, /^Drop what/]],
    mends: false
  },
  {
    name: "an index that was not made to its end",
    harm: ["UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'mcp_tasks_by_free'::regclass"],
    found: [index("mcp_tasks_by_free")],
    mends: true
  },
  {
    name: "a changed function, and one that gives nothing for null",
    harm: [
      "CREATE OR REPLACE FUNCTION mcp_tasks_count_lock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
      "ALTER FUNCTION mcp_messages_push STRICT"
    ],
    found: [
      ["function", "mcp_messages_push", /is another one/, /^Make the function/],
      ["function", "mcp_tasks_count_lock", /is another one/, /^Make the function/]
    ],
    mends: true
  },
  {
    name: "a function that is missing, and one that takes something else",
    harm: [
      "DROP FUNCTION mcp_tasks_room",
      "DROP FUNCTION mcp_messages_push",
      "CREATE FUNCTION mcp_messages_push() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    ],
    found: [
      ["function", "mcp_messages_push", /is another one/, /It could not be mended|^Make the function/],
      ["function", "mcp_tasks_room", /is missing/, /^Make the function/]
    ],
    mends: false
  },
  {
    name: "a trigger that is off, a changed one, and counts that were not kept",
    harm: [
      "ALTER TABLE mcp_tasks DISABLE TRIGGER mcp_tasks_count_delete",
      "DROP TRIGGER mcp_tasks_forget ON mcp_tasks",
      "CREATE TRIGGER mcp_tasks_forget BEFORE UPDATE ON mcp_tasks FOR EACH ROW EXECUTE FUNCTION mcp_tasks_forget()",
      "DELETE FROM mcp_tasks WHERE task_id = 'one'"
    ],
    found: [
      trigger("mcp_tasks_forget"),
      trigger("mcp_tasks_count_delete"),
      ["counters", "mcp_task_counts", /all tasks is 3, and 2 are stored/, /./]
    ],
    mends: true,
    deep: true
  },
  {
    name: "a clock that is behind",
    harm: [],
    found: [["clock", "clock", /^The clock of the engine is 1\d\.\d s ahead of the clock/, /NTP/]],
    mends: false,
    behind: 10_000
  },
  {
    name: "a clock that is far ahead",
    harm: [],
    found: [["clock", "clock", /^The clock of the engine is 9\d\.\d s behind the clock/, /NTP/]],
    mends: false,
    behind: -99_000
  },
  {
    name: "a table that nobody cleans",
    harm: ["ALTER TABLE mcp_tasks SET (autovacuum_enabled = false)"],
    found: [["autovacuum", "mcp_tasks", /^Autovacuum is off for the table mcp_tasks/, /ALTER TABLE mcp_tasks RESET/]],
    mends: false
  },
  {
    name: "dead rows that stay",
    harm: ({ sql }) =>
      Effect.gen(function*() {
        yield* sql.unsafe("ALTER TABLE mcp_messages SET (autovacuum_enabled = false)")
        yield* sql.unsafe(
          "INSERT INTO mcp_messages (queue, expires_at, body) SELECT 'one', 9000000000000, '1' FROM generate_series(1, 10001)"
        )
        yield* sql.unsafe("DELETE FROM mcp_messages")
        yield* sql.unsafe("ALTER TABLE mcp_messages RESET (autovacuum_enabled)")
        // The server sums up what a connection has written once it rests.
        yield* sql.unsafe("SELECT pg_stat_force_next_flush()")
      }),
    found: [["bloat", "mcp_messages", /^The table mcp_messages has 10001 dead rows/, /VACUUM/]],
    mends: true
  }
]

const brief = ({ code, subject }: StoreFinding): string => `${code} ${subject}`

/** The clock of the machine, and how far this process is behind it. */
const behind = (millis: number) =>
  Effect.map(Clock.Clock, (clock): Clock.Clock => ({
    currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() - millis,
    currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now - millis),
    currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() - BigInt(millis) * 1_000_000n,
    currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now - BigInt(millis) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }))

const suite = (
  name: string,
  database: Effect.Effect<Database, Failure, Scope.Scope>,
  cases: ReadonlyArray<Case>
) =>
  describe(`a look at ${name}`, () => {
    for (const { behind: late = 0, deep = false, found, harm, mends, name } of cases) {
      it.live(`finds ${name}`, () =>
        Effect.gen(function*() {
          const opened = yield* database
          const first = yield* opened.storage
          if (typeof harm === "function") yield* harm(opened, first)
          else for (const statement of harm) yield* opened.sql.unsafe(statement)
          const storage = yield* opened.storage
          const look = (fix: boolean) =>
            Effect.provideServiceEffect(storage.inspectStore({ fix, deep }), Clock.Clock, behind(late))
          const report = yield* look(false)
          const findings = report.findings.map(({ code, subject }) => `${code} ${subject}`)
          assert.lengthOf(report.findings, found.length, findings.join(", "))
          for (const [code, subject, problem] of found) {
            const finding = report.findings.find((finding) =>
              finding.code === code && finding.subject.endsWith(subject) && problem.test(finding.problem)
            )
            assert.isDefined(finding, `${code} ${subject} is not among ${JSON.stringify(report.findings)}`)
            assert.notProperty(finding, "fixed")
            assert.include(report.checked, code)
          }
          const mended = yield* look(true)
          assert.sameMembers(mended.findings.map(brief), report.findings.map(brief))
          for (const [code, subject, problem, advice] of found) {
            const finding = mended.findings.find((finding) =>
              finding.code === code && finding.subject.endsWith(subject) && problem.test(finding.problem)
            )
            assert.match(finding?.advice ?? "", advice)
            if (mends) assert.deepInclude(finding, { fixable: true, fixed: true })
          }
          const last = yield* look(true)
          if (mends) assert.deepStrictEqual(last.findings, [])
          else assert.isNotEmpty(last.findings.filter(({ fixed }) => fixed !== true))
        }), 60_000)
    }
  })

const filled = (storage: TaskStorageShape) =>
  Effect.forEach(
    [["one", "s"], ["two", "s"], ["three", undefined]] as const,
    ([taskId, sessionId]) =>
      storage.createTask({ originalMethod: "m", taskId, ...(sessionId === undefined ? {} : { sessionId }) }),
    { discard: true }
  )

const sqlite = Effect.gen(function*() {
  const filename = yield* freshFile
  yield* Effect.scoped(Effect.flatMap(openSqliteStorage({ filename, maxTasks: 9, maxTasksPerSession: 9 }), filled))
  const opened: Database = {
    sql: yield* openSqlite({ filename }),
    filename,
    storage: openSqliteStorage({ filename, schema: "trust" })
  }
  return opened
})
suite("sqlite", sqlite, [...shared, ...ofSqlite])

const postgres = Effect.gen(function*() {
  const url = yield* freshUrl
  yield* Effect.scoped(Effect.flatMap(openPostgres({ url, maxTasks: 9, maxTasksPerSession: 9 }), filled))
  const opened: Database = { sql: yield* connect(url), filename: "", storage: openPostgres({ url, schema: "trust" }) }
  return opened
})
suite("postgres", postgres, [...shared, ...ofPostgres])

describe("a look at a store of an older version", () => {
  const looks = (storage: TaskStorageShape) =>
    Effect.gen(function*() {
      for (const fix of [false, true]) {
        const { checked, findings, schemaVersion } = yield* storage.inspectStore({ fix, deep: true })
        assert.strictEqual(schemaVersion, 1)
        assert.deepStrictEqual(findings.map(({ code, fixable, severity }) => [code, fixable, severity]), [
          ["schema", false, "error"]
        ])
        assert.include(findings[0]?.problem, "The tables are of schema version 1, and this library needs version")
        assert.include(findings[0]?.advice, "Run the migrations")
        assert.includeMembers([...checked], ["schema", "table", "index"])
        assert.notInclude(checked, "rows")
      }
    })

  it.live("says so in SQLite, and compares it with what it was", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const sql = yield* openSqlite({ filename })
      for (const statement of firstSchema) yield* sql.unsafe(statement)
      yield* looks(yield* openSqliteStorage({ filename, schema: "trust" }))
    }))

  it.live("says so in PostgreSQL, and compares it with what it was", () =>
    Effect.gen(function*() {
      const url = yield* freshUrl
      const sql = yield* connect(url)
      for (const statement of firstPostgresSchema) yield* sql.unsafe(statement)
      yield* looks(yield* openPostgres({ url, schema: "trust" }))
    }))
})

describe("a look at the file system", () => {
  it.live("finds those of other machines, and disks that are full", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const sql = yield* openSqlite({ filename })
      const runner = makeSqlRunner(sql, sqliteDialect, { lockTimeout: 0 })
      const found = (type: () => number, megabytes = 1_000) =>
        Effect.map(
          Effect.forEach(
            sqliteChecks(runner, 0, { fileSystemOf: () => ({ type: type(), bavail: megabytes * 256, bsize: 4096 }) }),
            ({ check }) => check(true)
          ),
          (findings) => findings.flat().map(({ code, problem, severity }) => [code, severity, problem])
        )
      const ext4 = () => 0xef53
      assert.deepStrictEqual(yield* found(ext4), [])
      assert.deepStrictEqual(yield* found(() => 0x6969), [
        ["file_system", "error", "The file lies on a file system of the kind NFS, which other machines may reach."]
      ])
      assert.deepStrictEqual(yield* found(ext4, 0), [
        ["file_system", "error", "The disk of the file is full, so that writes fail."]
      ])
      assert.deepStrictEqual(yield* found(ext4, 3), [
        ["file_system", "warning", "The disk of the file has 3 MiB left."]
      ])
      const refused = yield* Effect.flip(found(() => {
        throw Object.assign(new Error("secret"), { code: "EACCES" })
      }))
      assert.include(refused.reason, "EACCES")
    }))
})
