/**
 * Holds the suite to its purpose on real engines: every mistake in the SQL of a driver is noticed, by a case of the
 * contract under the subject that it names. The same drivers without mistakes pass in test/layers/sqlite/contract.test.ts and
 * test/layers/postgres/contract.test.ts.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { contractSuite, type DriverPair, fromDrivers, runCase, type StorageHarness } from "mcp-task-storage/testing"
import { makeSqliteDriver } from "../../../src/layers/sqlite/makeSqliteDriver.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import { perFile } from "../../support/perFile.ts"
import { connect, driverOver, emptied } from "../postgres/database.ts"
import { freshUrl } from "../postgres/engine.ts"
import { rewriting } from "../postgres/statements.ts"
import { freshFile } from "../sqlite/database.ts"
import { brokenStatements, missingLocks } from "./brokenStatements.ts"
import type { Rewrite } from "./rewrite.ts"

/**
 * Gives two drivers on PostgreSQL, whose statements have a mistake from now on. They share their clients with all others, and their
 * tables too where the tables have no mistake: to make both anew takes longer than most mistakes take to be noticed.
 */
const breakPostgres = perFile(Effect.gen(function*() {
  const url = yield* freshUrl
  const emptying = yield* connect(url)
  const definitions: Array<string> = []
  let current: Rewrite = (text) => {
    definitions.push(text)
    return text
  }
  const client = Effect.map(connect(url, { maxConnections: 5 }), (sql) => rewriting(sql, (text) => current(text)))
  const [sql, other] = [yield* client, yield* client]
  let prefixes = 0
  const open = Effect.gen(function*() {
    const prefix = `m${prefixes++}_`
    const options = { notifications: false, tablePrefix: prefix }
    const first = yield* driverOver(sql, { ...options, maxTasks: 1, maxActive: 1 })
    const second = yield* driverOver(other, options)
    return { makeDrivers: emptied({ sql: emptying, first, second, prefix }) }
  })
  const shared = yield* open
  const isDefined = (mistake: Rewrite) => definitions.some((text) => mistake(text) !== text)
  return (mistake: Rewrite) =>
    Effect.suspend(() => {
      const drivers = isDefined(mistake) ? open : Effect.succeed(shared)
      current = mistake
      return drivers
    })
}))

/** Two drivers with a mistake. */
const engines = {
  sqlite: (mistake: Rewrite) =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const open = Effect.map(openSqlite({ filename, synchronous: "off" }), (sql) => rewriting(sql, mistake))
      const [sql, other] = [yield* open, yield* open]
      // Without its transactions, behind which a missing guard would not show; nothing may depend on them.
      const { transaction: _, ...first } = yield* makeSqliteDriver(sql, { maxTasks: 1 })
      const { transaction: __, ...second } = yield* makeSqliteDriver(other, {})
      const tables = ["mcp_tasks", "mcp_messages", "mcp_workers", "mcp_worker_news", "mcp_paused_kinds"]
      const empty = Effect.forEach(tables, (table) => sql.unsafe(`DELETE FROM ${table}`))
      return { makeDrivers: Effect.as(empty, { first, second }) }
    }),
  postgres: (mistake: Rewrite) => Effect.flatMap(breakPostgres, (breakWith) => breakWith(mistake))
}

const casesOf = (subject: string) => contractSuite.flatMap((group) => group.subject === subject ? group.cases : [])

/** What depends on who comes first does not show each time. */
const rounds = 10

/** Fails where nothing notices. */
const requireNotice = <E>(harness: StorageHarness<E>, by: string) =>
  Effect.gen(function*() {
    for (let round = 0; round < rounds; round++) {
      for (const contract of casesOf(by)) {
        if (Exit.isFailure(yield* Effect.exit(runCase(harness, contract)))) return
      }
    }
    assert.fail(`no case notices under ${by}`)
  }).pipe(Random.withSeed(2))

/** That an effect has the statement in it that the mistake changes: what changes nothing shows nothing. */
const noting = (mistake: Rewrite) => {
  const seen = { changed: false }
  const rewrite: Rewrite = (text) => {
    const changed = mistake(text)
    if (changed !== text) seen.changed = true
    return changed
  }
  return { rewrite, seen }
}

const check = <E1, E2>(
  engine: (mistake: Rewrite) => Effect.Effect<{ readonly makeDrivers: Effect.Effect<DriverPair, E2> }, E1, Scope.Scope>,
  mistake: Rewrite,
  by: string
) =>
  Effect.gen(function*() {
    const { rewrite, seen } = noting(mistake)
    yield* requireNotice(fromDrivers(yield* engine(rewrite)), by)
    assert.isTrue(seen.changed)
  })

describe.each(brokenStatements)("$name, and is noticed by $noticedBy", ({ noticedBy, postgres, sqlite }) => {
  if (sqlite !== undefined) it.live("on sqlite", () => check(engines.sqlite, sqlite, noticedBy))
  if (postgres !== undefined) it.live("on postgres", () => check(engines.postgres, postgres, noticedBy))
})

describe.each(missingLocks)(
  "$name, and is noticed by $noticedBy, once it takes its time",
  ({ lock, noticedBy, pause }) => {
    it.live("without its lock", () => check(engines.postgres, (text) => lock(pause(text)), noticedBy))

    it.live("and not with it", () =>
      Effect.gen(function*() {
        const harness = fromDrivers(yield* engines.postgres(pause))
        for (const contract of casesOf(noticedBy)) yield* runCase(harness, contract)
      }))
  }
)
