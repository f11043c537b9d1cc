/** That a database whose transactions see one snapshot by default is served as well: who loses is tried again. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { checkLinearizability, fromDrivers } from "mcp-task-storage/testing"
import * as PostgresTaskStorage from "../../../src/layers/PostgresTaskStorage.ts"
import { perFile } from "../../support/perFile.ts"
import { storedTask, text } from "../storedTask.ts"
import { anyone, connect, emptied, openPair, unlimited } from "./database.ts"
import { postgres } from "./engine.ts"
import { numbers } from "./together.ts"

describe.each(["serializable", "repeatable read"])("%s", (isolation) => {
  const pair = perFile(Effect.gen(function*() {
    const server = yield* postgres
    const name = yield* server.database
    yield* Effect.scoped(Effect.flatMap(
      connect(server.url(name)),
      (sql) => sql.unsafe(`ALTER DATABASE ${name} SET default_transaction_isolation TO '${isolation}'`)
    ))
    const opened = yield* Effect.all(
      numbers(6).map(() => PostgresTaskStorage.makeDriver({ url: server.url(name), maxTasks: 1 })),
      { concurrency: "unbounded" }
    )
    assert.lengthOf(opened, 6)
    return yield* openPair(server, name)
  }))
  const setUp = Effect.gen(function*() {
    const { sql } = yield* pair
    assert.deepStrictEqual(yield* sql`SHOW transaction_isolation`, [{ transaction_isolation: isolation }])
    const drivers = yield* Effect.flatMap(pair, emptied)
    return {
      first: drivers.first,
      atOnce: <A, E>(use: (driver: typeof drivers.first, index: number) => Effect.Effect<A, E>, count: number) =>
        Effect.all(numbers(count).map((index) => use(index % 2 === 0 ? drivers.first : drivers.second, index)), {
          concurrency: "unbounded"
        })
    }
  })

  it.live("no write to one task is lost, and one of those that may win but once wins", () =>
    Effect.gen(function*() {
      const { atOnce, first } = yield* setUp
      yield* first.insert(storedTask("t"), unlimited, 1000)
      yield* atOnce((driver) => driver.patch("t", anyone(1000), { statuses: ["working"] }, { lastUpdatedAt: 1 }), 30)
      assert.strictEqual((yield* first.find("t", anyone(1000)))?.revision, 31)
      const settled = yield* atOnce(
        (driver) =>
          driver.patch("t", anyone(1000), { statuses: ["working"] }, { status: "completed", lastUpdatedAt: 1 }),
        20
      )
      assert.lengthOf(settled.filter(({ _tag }) => _tag === "Patched"), 1)
      const created = yield* atOnce((driver) => driver.insert(storedTask("one"), unlimited, 1000), 20)
      assert.lengthOf(created.filter(({ _tag }) => _tag === "Inserted"), 1)
    }))

  it.live("limits of tasks are exact", () =>
    Effect.gen(function*() {
      const { atOnce } = yield* setUp
      const results = yield* atOnce((driver, index) =>
        driver.insert(
          storedTask(`t${index}`, { sessionId: `s${index % 4}` }),
          { maxTasks: 20, maxTasksPerSession: 7 },
          1000
        ), 40)
      assert.lengthOf(
        results.filter(({ _tag }) => _tag === "Inserted"),
        20
      )
    }))

  it.live("limits of messages are exact, and each is taken once", () =>
    Effect.gen(function*() {
      const { atOnce } = yield* setUp
      for (const queue of ["a", "b", "c", "d", "e"]) {
        const message = { queue, expiresAt: 9000, maxSize: 5, now: 1000 }
        const pushed = yield* atOnce(
          (driver, index) => driver.messages.push({ ...message, body: text(`${index}`) }),
          30
        )
        assert.lengthOf(pushed.filter(({ _tag }) => _tag === "Pushed"), 5)
        const taken = (yield* atOnce((driver) => driver.messages.shift(queue, 1000), 15)).flatMap((body) =>
          body === undefined ? [] : [body.text]
        )
        assert.strictEqual(new Set(taken).size, 5)
        assert.lengthOf(taken, 5)
      }
    }))

  it.live("sweeps take each task once", () =>
    Effect.gen(function*() {
      const { atOnce, first } = yield* setUp
      yield* Effect.forEach(numbers(40), (index) => first.insert(storedTask(`t${index}`, { ttl: 5 }), unlimited, 1000))
      const swept = (yield* atOnce((driver) => driver.removeExpired(1005, 10), 8)).flat()
      assert.strictEqual(new Set(swept).size, swept.length)
      assert.strictEqual(yield* first.count(anyone(0)), 40 - swept.length)
    }))

  const harness = fromDrivers({ makeDrivers: Effect.flatMap(pair, emptied) })
  it.live("concurrent calls are answered as if they came one after the other", () =>
    checkLinearizability(harness, { runs: 60, seed: 3 }))
})
