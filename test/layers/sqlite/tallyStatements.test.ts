/** That nothing that is asked of all tasks reads more of them than it has to: an index holds what is counted. */
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { DatabaseSync } from "node:sqlite"
import { wholeRange } from "../../../src/domain/driver/TaskRange.ts"
import type { SqlStatement } from "../../../src/layers/sql/SqlStatement.ts"
import { makeTallyStatements } from "../../../src/layers/sql/TallyStatements.ts"
import { makeTaskStatements } from "../../../src/layers/sql/TaskStatements.ts"
import { taskTables } from "../../../src/layers/sql/TaskTables.ts"
import { sqliteDialect } from "../../../src/layers/sqlite/SqliteDialect.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { text } from "../storedTask.ts"

const tables = Result.getOrThrow(taskTables())
const { pageSummaries } = makeTaskStatements(tables, sqliteDialect)
const tallies = makeTallyStatements(tables, sqliteDialect)

const all = { now: 5, session: undefined }
const ofSession = { now: 5, session: "s5" }
const page = { ...wholeRange, order: "newest" as const, scope: all, after: undefined, limit: 10, maxBytes: 1e6 }
const tally = { scope: all, failedSince: 99_000, failureLimit: 100 }

const byName = "SCAN mcp_tasks USING COVERING INDEX mcp_tasks_by_name"
const named = (terms: string) => `SEARCH mcp_tasks USING INDEX mcp_tasks_by_name (${terms})`
const waiting = "SEARCH mcp_tasks USING INDEX mcp_tasks_by_status (status=?)"
const ids = "SEARCH mcp_tasks USING INDEX sqlite_autoindex_mcp_tasks_1 (task_id=?)"
const tasks = "SEARCH task USING INDEX sqlite_autoindex_mcp_tasks_1 (task_id=?) LEFT-JOIN"
const before = "name=? AND status=? AND (created_at,task_id)<(?,?)"
const active = "SEARCH mcp_tasks USING INDEX mcp_tasks_by_status (status=? AND (created_at,task_id)<(?,?))"

type Case = readonly [
  name: string,
  statement: SqlStatement,
  plan: ReadonlyArray<string>,
  /** Of how many tasks the columns were read that no index holds. */
  expected: { readonly found: number; readonly tasks: number }
]

const cases: ReadonlyArray<Case> = [
  ["a page of a name", pageSummaries.fitting({ ...page, name: text("rare") }), [
    active,
    active,
    ...three(named(before)),
    tasks
  ], {
    found: 11,
    tasks: 11
  }],
  [
    "a page of a name and a status of some time",
    pageSummaries.fitting({ ...page, name: text("n3"), statuses: ["failed"], createdAfter: 99_000 }),
    [named("name=? AND status=? AND created_at>? AND (created_at,task_id)<(?,?)"), tasks],
    { found: 10, tasks: 10 }
  ],
  ["a page of no name", pageSummaries.fitting({ ...page, name: null }), [
    active,
    active,
    ...three(named(before)),
    tasks
  ], {
    found: 11,
    tasks: 11
  }],
  [
    "the groups",
    tallies.groups(tally),
    [byName, "SEARCH task USING COVERING INDEX mcp_tasks_by_name (name=? AND status=?)", waiting, waiting],
    {
      found: 27,
      tasks: 200
    }
  ],
  [
    "the groups of a session",
    tallies.groups({ ...tally, scope: ofSession }),
    [
      "SEARCH mcp_tasks USING INDEX mcp_tasks_by_session (session_id=?)",
      "SEARCH mcp_tasks USING INDEX mcp_tasks_by_session_status (session_id=? AND status=?)"
    ],
    { found: 2, tasks: 100 }
  ],
  ["the failures", tallies.failures(tally), ["SEARCH mcp_tasks USING INDEX mcp_tasks_by_failure (last_updated_at>?)"], {
    found: 20,
    tasks: 20
  }],
  ["an ending", tallies.ending({ ending: "-99999", scope: all, limit: 2 }), [
    ids,
    "SCAN mcp_tasks USING COVERING INDEX sqlite_autoindex_mcp_tasks_1"
  ], { found: 1, tasks: 1 }],
  ["a count", tallies.count(all), [
    "SCAN mcp_tasks USING COVERING INDEX sqlite_autoindex_mcp_tasks_1",
    "SEARCH mcp_tasks USING INDEX mcp_tasks_by_expiry (expires_at<?)"
  ], { found: 1, tasks: 0 }]
]

function three(line: string): ReadonlyArray<string> {
  return [line, line, line]
}

describe("among 100 000 tasks", () => {
  const database = new DatabaseSync(":memory:")
  for (const { statements } of Result.getOrThrow(SqliteTaskStorage.migrations())) {
    statements.forEach((sql) => database.exec(sql))
  }
  // Two of a hundred failed, one waits, and each thousandth has a rare name, or none.
  database.exec(`WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 99999)
    INSERT INTO mcp_tasks (task_id, session_id, status, created_at, last_updated_at, ttl, revision, incarnation,
      original_method, name, result)
    SELECT 'task-' || n, 's' || (n % 1000),
      CASE WHEN n % 100 IN (3, 4) THEN 'failed' WHEN n % 1000 = 7 THEN 'input_required' ELSE 'completed' END,
      n, n, CASE WHEN n % 2 = 0 THEN 1000000 END, 1, 'i',
      CASE WHEN n % 2000 = 9 THEN '"prompts/get"' ELSE '"tools/call"' END,
      CASE n % 1000 WHEN 8 THEN '"rare"' WHEN 9 THEN NULL ELSE '"n' || (n % 20) || '"' END, '"r"'
    FROM n`)
  let rows = 0
  database.function("seen", (value) => {
    rows++
    return value
  })

  const planOf = ({ params, text: sql }: SqlStatement) =>
    database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...params).map(({ detail }) => String(detail))
      .filter((detail) => /mcp_tasks/.test(detail))

  /** Gives what a statement finds, and of how many tasks it read more than the index of names and that of ids have. */
  const read = ({ params, text: sql }: SqlStatement) => {
    rows = 0
    const spied = sql.replaceAll("(expires_at IS NULL", "(seen(expires_at) IS NULL")
    const found = database.prepare(spied).all(...params)
    return { found: found.length, tasks: rows }
  }

  for (const analyzed of [false, true]) {
    it.each(cases)(`%s, ${analyzed ? "with" : "without"} statistics`, (_, statement, plan, expected) => {
      if (analyzed) database.exec("ANALYZE")
      assert.deepStrictEqual(planOf(statement), plan)
      const { found, tasks } = read(statement)
      assert.deepStrictEqual({ found, tasks }, expected)
    })
  }
})
