/** That a task which fits into a page lies in its row as a whole: no list or read looks its values up elsewhere. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { randomBytes } from "node:crypto"
import { connect, open } from "./database.ts"
import { freshUrl } from "./engine.ts"

/** Text that cannot be compressed, as what is sealed. */
const noise = (bytes: number) => randomBytes(bytes * 3 / 4).toString("base64")

const words = (bytes: number) => "of the month ".repeat(bytes / 13)

/** How many bytes lie beside the table. */
const bytesBeside = (sql: SqlClient) =>
  Effect.map(
    sql<{ bytes: string }>`SELECT pg_relation_size(reltoastrelid)::text AS bytes FROM pg_class
      WHERE oid = 'mcp_tasks'::regclass`,
    ([row]) => Number(row?.bytes)
  )

const storeTask = Effect.fnUntraced(function*(params: string, result: string) {
  const url = yield* freshUrl
  const sql = yield* connect(url)
  const storage = yield* open({ url })
  const { taskId } = yield* storage.createTask({
    originalMethod: "tools/call",
    originalParams: params,
    sessionId: "session",
    principal: noise(80)
  })
  yield* storage.settleTask(taskId, { _tag: "Success", value: result }, { statusMessage: "done" })
  return { sql, taskId }
})

describe("the row of a task", () => {
  it.live.each([["sealed", noise], ["plain", words]] as const)(
    "is whole with %s payloads of 2 KB",
    ([, textOf]) =>
      Effect.gen(function*() {
        const { sql } = yield* storeTask(textOf(2_800), textOf(2_800))
        assert.strictEqual(yield* bytesBeside(sql), 0)
      })
  )

  it.live("is compressed from 2 KB on", () =>
    Effect.gen(function*() {
      const { sql, taskId } = yield* storeTask(words(2_800), words(2_800))
      assert.deepStrictEqual(
        yield* sql`SELECT pg_column_compression(original_params) AS params, pg_column_compression(result) AS result
          FROM mcp_tasks WHERE task_id = ${taskId}`,
        [{ params: "pglz", result: "pglz" }]
      )
    }))

  it.live("has only what is too large for a page beside it", () =>
    Effect.gen(function*() {
      const { sql } = yield* storeTask(noise(2_800), noise(40_000))
      const beside = yield* bytesBeside(sql)
      assert.isAbove(beside, 40_000)
      assert.isBelow(beside, 60_000)
    }))

  it.live("has no column of text that would be put beside it in the place of a larger one", () =>
    Effect.gen(function*() {
      const url = yield* freshUrl
      const sql = yield* connect(url)
      yield* open({ url })
      assert.deepStrictEqual(
        yield* sql`SELECT attname FROM pg_attribute WHERE attrelid = 'mcp_tasks'::regclass AND attstorage IN ('x', 'e')`,
        []
      )
    }))
})
