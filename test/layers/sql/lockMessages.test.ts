/** That an error names a time only where so long was waited. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { AuthenticationError, SqlError } from "effect/sql/SqlError"
import { makeSqlRunner } from "../../../src/layers/sql/SqlRunner.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import { sqliteDialect } from "../../../src/layers/sqlite/SqliteDialect.ts"

const lockTimeout = 1_000

const locked = Effect.fail(new SqlError({ reason: new AuthenticationError({ cause: undefined, operation: "lock" }) }))

/** A runner of a client whose transactions meet a lock. */
const runnerOf = (meeting: Pick<SqlClient, "withTransaction">) =>
  Effect.map(openSqlite({ filename: ":memory:" }), (sql) =>
    makeSqlRunner(
      Object.assign(sql, meeting),
      { ...sqliteDialect, fault: () => ({ locked: true, reason: "it is locked", retryable: true, applied: "no" }) },
      { lockTimeout }
    ))

const timed = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const started = performance.now()
    const error = yield* Effect.flip(effect)
    return { error, elapsed: performance.now() - started }
  })

it.live("a transaction that cannot begin has waited as long as it says", () =>
  Effect.gen(function*() {
    const { transaction } = yield* runnerOf({ withTransaction: () => locked })
    const { elapsed, error } = yield* timed(transaction(Effect.void))
    expect(error.reason).toContain(`for longer than the lockTimeout of ${lockTimeout} ms`)
    expect(elapsed).toBeGreaterThanOrEqual(lockTimeout)
  }))

it.live("a transaction that meets a lock when it commits does not say that it has waited", () =>
  Effect.gen(function*() {
    const { transaction } = yield* runnerOf({ withTransaction: (effect) => Effect.andThen(effect, locked) })
    const { elapsed, error } = yield* timed(transaction(Effect.void))
    expect(error.reason).toBe("it is locked; run the whole transaction again")
    expect(elapsed).toBeLessThan(lockTimeout)
  }))
