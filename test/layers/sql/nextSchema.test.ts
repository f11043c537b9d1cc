/**
 * Holds this library to the contract on the next version of its schema, which is compatible with it: during a rolling
 * deploy one process has made that already, while others run the code of today, with the statements that they prepared.
 */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { contractSuite, type DriverPair, fromDrivers, runCase, type StorageHarness } from "mcp-task-storage/testing"
import * as PostgresTaskStorage from "../../../src/layers/PostgresTaskStorage.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { perFile } from "../../support/perFile.ts"
import { connect, emptied } from "../postgres/database.ts"
import { freshUrl } from "../postgres/engine.ts"
import { bare, emptied as emptiedFile, freshFile } from "../sqlite/database.ts"

/** What a compatible step may do: add what the code of today does not name. */
const nextVersion = (version: number, integer: string): ReadonlyArray<string> => [
  `ALTER TABLE mcp_tasks ADD COLUMN priority ${integer}`,
  `ALTER TABLE mcp_messages ADD COLUMN priority ${integer} DEFAULT 7`,
  "CREATE INDEX mcp_tasks_by_priority ON mcp_tasks (priority, task_id) WHERE priority IS NOT NULL",
  `CREATE TABLE mcp_priorities (id ${integer} PRIMARY KEY)`,
  `UPDATE mcp_schema SET version = ${version}, compatible_with = 1`
]

/** What is refused before it reaches any table, and what reaches them by statements that other subjects send too. */
const withoutStatements = [
  "bad input",
  "bad input: tasks",
  "bad input: claims and workers",
  "closed options",
  "what JSON cannot carry",
  "inherited keys",
  "kinds of tasks",
  "limits",
  "lists",
  "payloads",
  "requireInput, provideInput",
  "turns of sessions and kinds"
]

const suite = <E>(name: string, harness: StorageHarness<E>) =>
  describe(name, () => {
    for (const { cases, subject } of contractSuite) {
      if (withoutStatements.includes(subject)) continue
      it.live(`passes the contract under ${subject}`, () =>
        Effect.forEach(cases, (contract) => runCase(harness, contract), { discard: true }), 60_000)
    }
  })

/** What a case does goes through statements that were prepared before the step was made. */
const warmUp = <E>(makeDrivers: Effect.Effect<DriverPair, E, Scope.Scope>) =>
  Effect.forEach(
    contractSuite,
    ({ cases }) => Effect.forEach(cases.slice(0, 1), (contract) => runCase(fromDrivers({ makeDrivers }), contract))
  )

const file = perFile(Effect.gen(function*() {
  const filename = yield* freshFile
  const first = yield* SqliteTaskStorage.makeDriver({ filename, synchronous: "off", maxTasks: 1 })
  const database = yield* bare(filename)
  yield* warmUp(Effect.sync(() => emptiedFile({ database, first, second: first })))
  for (const statement of nextVersion(5, "INTEGER")) database.exec(statement)
  const second = yield* SqliteTaskStorage.makeDriver({ filename, synchronous: "off", schema: "verify" })
  return { database, first, second }
}))
suite("sqlite", fromDrivers({ makeDrivers: Effect.map(file, emptiedFile) }))

const pair = perFile(Effect.gen(function*() {
  const url = yield* freshUrl
  const sql = yield* connect(url)
  const first = yield* PostgresTaskStorage.makeDriver({ url, maxTasks: 1 })
  yield* warmUp(emptied({ sql, first, second: first }))
  yield* sql.withTransaction(Effect.forEach(nextVersion(4, "bigint"), (statement) => sql.unsafe(statement)))
  return { sql, first, second: yield* PostgresTaskStorage.makeDriver({ url, schema: "verify" }) }
}))
suite("postgres", fromDrivers({ makeDrivers: Effect.flatMap(pair, emptied) }))
