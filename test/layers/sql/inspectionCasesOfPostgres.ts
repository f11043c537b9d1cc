/** What is wrong with stores of PostgreSQL, and what a look at them finds. */
import * as Effect from "effect/Effect"
import type { InspectionCase } from "./InspectedStore.ts"
import { index, trigger } from "./inspectionCases.ts"

export const casesOfPostgres: ReadonlyArray<InspectionCase> = [
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
