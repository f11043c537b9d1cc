/** That nothing that is asked of all tasks reads the table: indexes hold what is counted, once vacuum has seen the pages. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { wholeRange } from "../../../src/domain/driver/TaskRange.ts"
import { perFile } from "../../support/perFile.ts"
import { text } from "../storedTask.ts"
import { connect, driverOver } from "./database.ts"
import { freshUrl } from "./engine.ts"

/** 100 000 tasks of half a kilobyte: two of a hundred failed, some wait, and each thousandth has a rare name or none. */
const filled = perFile(Effect.gen(function*() {
  const sql = yield* connect(yield* freshUrl, { maxConnections: 1 })
  const driver = yield* driverOver(sql, { notifications: false })
  yield* sql`INSERT INTO mcp_tasks (task_id, session_id, status, created_at, last_updated_at, ttl, revision, incarnation, attempt,
      original_method, name, result)
    SELECT 'task-' || n, 's' || n % 1000,
      CASE WHEN n % 100 IN (3, 4) THEN 'failed' WHEN n % 1000 = 7 THEN 'input_required' ELSE 'completed' END,
      n, n, CASE WHEN n % 2 = 0 THEN 1000000 END, 1, 'i', 0,
      CASE WHEN n % 2000 = 9 THEN '"prompts/get"' WHEN n % 10000 = 8 THEN '"' || repeat('m', 300) || '"' ELSE '"tools/call"' END,
      CASE n % 1000 WHEN 8 THEN '"rare"' WHEN 9 THEN NULL ELSE '"n' || n % 20 || '"' END, repeat(md5(n::text), 16)
    FROM generate_series(0, 99999) AS n`
  yield* sql`VACUUM ANALYZE mcp_tasks`
  /** Gives how many pages of the table an effect reads, which has some seven thousand. */
  const pagesOf = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.gen(function*() {
      const pages = Effect.gen(function*() {
        yield* sql`SELECT pg_stat_force_next_flush()`
        const [row] = yield* sql`SELECT (heap_blks_hit + heap_blks_read)::int AS pages
          FROM pg_statio_user_tables WHERE relname = 'mcp_tasks'`
        return Number(row?.["pages"])
      })
      const before = yield* pages
      const answer = yield* effect
      return { answer, pages: (yield* pages) - before }
    })
  return { driver, pagesOf }
}))

const all = { now: 5, session: undefined }
const page = { ...wholeRange, order: "newest" as const, scope: all, after: undefined, limit: 10, maxBytes: 1e6 }

type Ask = (driver: TaskDriver) => Effect.Effect<number | undefined, TaskDriverError>

const pageOf = (query: Partial<typeof page> & { readonly name: ReturnType<typeof text> | null }): Ask => (driver) =>
  Effect.map(driver.pageSummaries({ ...page, ...query }), ({ tasks }) => tasks.length)

const cases: ReadonlyArray<readonly [name: string, found: number, pages: number, ask: Ask]> = [
  // What waits is looked through by its status.
  ["a page of a name", 10, 300, pageOf({ name: text("rare") })],
  ["a page of a name that many have", 10, 300, pageOf({ name: text("n3") })],
  ["a page of no name", 10, 300, pageOf({ name: null })],
  [
    "a tally",
    27,
    400,
    (driver) =>
      Effect.map(
        driver.tally?.({ scope: all, failedSince: 99_000, failureLimit: 100 }) ?? Effect.succeed(undefined),
        (tally) => tally?.groups.length
      )
  ],
  [
    "an ending",
    1,
    10,
    (driver) =>
      Effect.map(
        driver.findEnding?.({ ending: "-99999", scope: all, limit: 2 }) ?? Effect.succeed([]),
        (ids) => ids.length
      )
  ],
  ["a count", 100_000, 10, (driver) => driver.count(all)]
]

describe("among 100 000 tasks", () => {
  it.live.each(cases)(
    "%s: finds %i and reads at most %i pages of the table",
    ([, found, most, ask]) =>
      Effect.gen(function*() {
        const { driver, pagesOf } = yield* filled
        // Often enough for PostgreSQL to plan it for any value.
        for (let round = 0; round < 7; round++) yield* ask(driver)
        const { answer, pages } = yield* pagesOf(ask(driver))
        assert.strictEqual(answer, found)
        assert.isAtMost(pages, most)
      })
  )
})
