/** That databases of the second schema version open with all that is in them, and that processes of it go on to work. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as PostgresTaskStorage from "../../../src/layers/PostgresTaskStorage.ts"
import { checkOpens, checkRollingDeploy, type OldProcess } from "../rollingDeploy.ts"
import { connect, open } from "./database.ts"
import { freshUrl } from "./engine.ts"
import { firstSchema, firstTriggers } from "./firstVersion.ts"
import { secondClaim, secondClaimable, secondInsert, secondRelease, secondStep, secondTouch } from "./secondVersion.ts"

const now = Date.now()

/** The values of a row of the second version, in the order of its insert, and the time. */
const row = (taskId: string, lease: number | null, incarnation = "incarnation", at = now) => [
  taskId,
  "s",
  "working",
  at,
  at,
  null,
  500,
  1,
  null,
  `"m"`,
  null,
  null,
  incarnation,
  0,
  lease,
  `"n"`,
  `"00-a-b-01"`,
  null,
  null,
  ...Array.from({ length: 9 }, () => null),
  at
]

const oldProcess = (sql: SqlClient): OldProcess<SqlError> => {
  const wrote = (text: string, params: ReadonlyArray<unknown>) =>
    Effect.map(sql.unsafe(text, params).values, (rows) => Number(rows[0]?.at(-1)) === 1)
  return {
    create: (taskId, lease) => Effect.map(wrote(secondInsert, row(taskId, lease)), (was) => assert.isTrue(was)),
    claimable: (by) =>
      Effect.map(sql.unsafe(secondClaimable, [0, by, by, 50]).values, (rows) => rows.map(([taskId]) => String(taskId))),
    claim: (taskId, attempt, revision, lease) =>
      wrote(secondClaim, [revision, "incarnation", taskId, now, now, attempt + 1, lease]),
    touch: (taskId, attempt, lease) => wrote(secondTouch, [attempt, taskId, now, lease]),
    release: (taskId, attempt, lease) => wrote(secondRelease, [attempt, taskId, now, now, lease])
  }
}

/** A database as the version before left it. */
const oldDatabase = Effect.gen(function*() {
  const url = yield* freshUrl
  const sql = yield* connect(url, { maxConnections: 1 })
  const statements = [...firstSchema, ...firstTriggers, ...secondStep]
  yield* sql.withTransaction(Effect.forEach(statements, (statement) => sql.unsafe(statement)))
  return { url, sql, old: oldProcess(sql) }
})

/** In the order of names: a column that is added later comes last. */
const columnsOf = (sql: SqlClient) =>
  sql`SELECT column_name, data_type, is_nullable, collation_name, generation_expression
    FROM information_schema.columns WHERE table_name LIKE 'mcp%' ORDER BY table_name, column_name`

const definitionsOf = (sql: SqlClient) =>
  sql`SELECT indexname AS name, indexdef AS definition FROM pg_indexes WHERE tablename LIKE 'mcp%'
    UNION ALL SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'mcp%' ORDER BY 1, 2`

describe("a database of the second schema version", () => {
  it("was made by the very statements of the second step", () => {
    const [, second] = Result.getOrThrow(PostgresTaskStorage.migrations())
    assert.deepStrictEqual(second?.statements, secondStep)
  })

  it.live("opens with what waits and what is held in it", () =>
    Effect.gen(function*() {
      const { old, url } = yield* oldDatabase
      yield* checkOpens(old, open({ url }))
    }))

  it.live("ends up as a new one does", () =>
    Effect.gen(function*() {
      const { sql, url } = yield* oldDatabase
      yield* open({ url })
      const fresh = yield* freshUrl
      yield* open({ url: fresh, maxTasks: 5 })
      const other = yield* connect(fresh)
      assert.deepStrictEqual(yield* columnsOf(sql), yield* columnsOf(other))
      assert.deepStrictEqual(yield* definitionsOf(sql), yield* definitionsOf(other))
    }))
})

describe("a process of the second schema version", () => {
  it.live("works beside one that has made the third, and nobody takes what the other holds", () =>
    Effect.gen(function*() {
      const { old, url } = yield* oldDatabase
      yield* checkRollingDeploy(old, yield* open({ url }))
    }))

  it.live("leaves nothing of who had an expired task in the row that it puts a new one into", () =>
    Effect.gen(function*() {
      const { sql, url } = yield* oldDatabase
      const storage = yield* open({ url })
      const { workerId: worker } = yield* storage.registerWorker({ lease: 60_000 })
      yield* storage.createTask({ originalMethod: "m", taskId: "again", ttl: 1, worker })
      yield* Effect.sleep(5)
      yield* sql.unsafe(secondInsert, row("again", 0, "of an old process", Date.now()))
      const task = Option.getOrThrow(yield* storage.getTask("again"))
      assert.deepInclude({ ...task }, { name: "n", traceparent: "00-a-b-01" })
      const [columns] = yield* sql`SELECT worker, started_at, due_at, ready FROM mcp_tasks WHERE task_id = 'again'`
      assert.deepStrictEqual(Object.values(columns ?? {}), [null, null, null, null])
      assert.deepStrictEqual((yield* storage.claimableTasks()).map(String), ["again"])
      // The worker that had the expired task hears of it.
      assert.deepEqual(yield* sql`SELECT worker_id, task_id FROM mcp_worker_news`, [{
        worker_id: worker,
        task_id: "again"
      }])
    }))
})
