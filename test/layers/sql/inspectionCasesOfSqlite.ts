/** What is wrong with stores of SQLite, and what a look at them finds. */
import * as Effect from "effect/Effect"
import { chmodSync } from "node:fs"
import type { InspectionCase } from "./InspectedStore.ts"
import { trigger } from "./inspectionCases.ts"

const lax = "CREATE TRIGGER mcp_tasks_count_insert AFTER INSERT ON mcp_tasks BEGIN SELECT 1; END"

const mebibyte = 1024 * 1024

export const casesOfSqlite: ReadonlyArray<InspectionCase> = [
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
