/** Holds an engine to the contract on whatever runs it: `contract.ts memory`, `contract.ts sqlite FILE`, `contract.ts postgres URL`. */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { SqlError } from "effect/sql/SqlError"
import type { InvalidInput } from "mcp-task-storage"
import type { TaskDriverError } from "mcp-task-storage/driver"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import * as PostgresTaskStorage from "mcp-task-storage/postgres"
import * as SqliteTaskStorage from "mcp-task-storage/sqlite"
import {
  checkLinearizability,
  checkModel,
  contractSuite,
  type DriverPair,
  fromDrivers,
  runCase
} from "mcp-task-storage/testing"
import { DatabaseSync } from "node:sqlite"

const [, , engine = "", place = ""] = process.argv

/** Gives what empties the store for each case: to make it anew would take longer than the case. */
const makers: {
  readonly [engine: string]: Effect.Effect<
    Effect.Effect<DriverPair, SqlError>,
    InvalidInput | TaskDriverError | SqlError,
    Scope.Scope
  >
} = {
  memory: Effect.succeed(Effect.map(MemoryTaskStorage.makeStore, (store) => ({
    first: MemoryTaskStorage.makeDriver(store),
    second: MemoryTaskStorage.makeDriver(store)
  }))),
  sqlite: Effect.gen(function*() {
    const options = { filename: place, synchronous: "off" } as const
    const first = yield* SqliteTaskStorage.makeDriver(options)
    const second = yield* SqliteTaskStorage.makeDriver(options)
    const database = new DatabaseSync(place)
    database.exec("PRAGMA synchronous = OFF")
    return { database, first, second }
  }).pipe(Effect.map(({ database, first, second }) =>
    Effect.sync(() => {
      database.exec("BEGIN IMMEDIATE")
      for (const table of ["tasks", "messages", "workers", "worker_news", "paused_kinds"]) {
        database.exec(`DELETE FROM mcp_${table}`)
      }
      database.exec("COMMIT")
      return { first, second }
    })
  )),
  postgres: Effect.gen(function*() {
    const sql = yield* PgClient.make({ url: Redacted.make(place) })
    const first = yield* PostgresTaskStorage.makeDriver({ url: place })
    const second = yield* PostgresTaskStorage.makeDriver({ url: place })
    const emptied = Effect.forEach(
      ["tasks", "messages", "workers", "worker_news", "paused_kinds"],
      (table) => sql.unsafe(`DELETE FROM mcp_${table}`)
    )
    return { emptied, first, second }
  }).pipe(
    Effect.map(({ emptied, first, second }) => Effect.as(emptied, { first, second })),
    Effect.provide(Reactivity.layer)
  )
}

/** Of PostgreSQL the cases of what passes through its client: rows, texts of all kinds, times, claims of many. */
const subjects: { readonly [engine: string]: ReadonlySet<string> } = {
  postgres: new Set([
    "createTask",
    "payloads",
    "lists",
    "settleTask",
    "requireInput, provideInput",
    "messages",
    "workers",
    "claimTasks",
    "turns of sessions and kinds",
    "kinds of tasks",
    "changes, awaitTask"
  ])
}

/** Few: what the engine does is checked elsewhere, and this is about what runs it. */
const options = { runs: 5 }

const program = Effect.gen(function*() {
  const makeDrivers = yield* makers[engine] ?? Effect.die(new Error(`no engine: ${engine}`))
  const harness = fromDrivers({ makeDrivers })
  const checks = [
    ...contractSuite
      .filter(({ subject }) => subjects[engine]?.has(subject) ?? true)
      .flatMap(({ cases }) => cases.map((contract) => runCase(harness, contract))),
    checkModel(harness, options),
    checkLinearizability(harness, options)
  ]
  const exits = yield* Effect.forEach(checks, Effect.exit)
  const violations = exits.filter(Exit.isFailure).map(({ cause }) => Cause.pretty(cause))
  yield* Effect.sync(() => console.log(JSON.stringify({ checks: exits.length, violations })))
})

await Effect.runPromise(Effect.scoped(program))
process.exit()
