/** What an engine is sent for a task that does nothing, as its client sends it: its creation and its settlement, and nothing else. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { TaskDriver } from "../../src/domain/driver/TaskDriver.ts"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { realSleep } from "../../src/layers/realSleep.ts"
import { makeSqliteDriver } from "../../src/layers/sqlite/makeSqliteDriver.ts"
import { openSqlite } from "../../src/layers/sqlite/openSqlite.ts"
import { makeTaskRunner } from "../../src/runner/index.ts"
import { describeWithEngine, freshTable } from "../layers/dynamodb/engine.ts"
import { recordingClient } from "../layers/dynamodb/interceptedClient.ts"
import { driverThrough } from "../layers/dynamodb/storages.ts"
import { connect, driverOver } from "../layers/postgres/database.ts"
import { freshUrl } from "../layers/postgres/engine.ts"
import { recording } from "../layers/postgres/statements.ts"
import { freshFile } from "../layers/sqlite/database.ts"

/** A driver, and what its client sends from now on. */
interface Recorded {
  readonly driver: TaskDriver
  readonly sent: Array<string>
}

const sqlite = Effect.gen(function*() {
  const sql = yield* openSqlite({ filename: yield* freshFile, synchronous: "off" })
  return { driver: yield* makeSqliteDriver(sql, {}), sent: recording(sql) }
})

const postgres = Effect.gen(function*() {
  const sql = yield* connect(yield* freshUrl)
  return { driver: yield* driverOver(sql, {}), sent: recording(sql) }
})

const dynamoDb = Effect.gen(function*() {
  const sent: Array<string> = []
  const driver = yield* driverThrough(yield* recordingClient(sent), { tableName: yield* freshTable })
  return { driver, sent }
})

const own = { originalMethod: "own" }

/** What each is known by: what it writes, or the name of a request. */
const kindOf = (sent: string): string => /INSERT INTO|UPDATE|pg_notify/.exec(sent)?.[0] ?? sent

/** Three tasks run, and one is enough: a look of the process, which comes every few seconds, may be among what is sent for another. */
const testRequests = <E>(
  engine: string,
  opened: Effect.Effect<Recorded, E, Scope.Scope>,
  creation: string,
  settlement: ReadonlyArray<string>
): void => {
  describe(`a task that does nothing, on ${engine}`, () => {
    const scene = Effect.gen(function*() {
      const { driver, sent } = yield* opened
      const storage = yield* TaskStorage.fromDriver(driver, { maintenance: false })
      const runner = yield* Effect.provideService(
        makeTaskRunner({ recovery: false, shutdownTimeout: 0 }),
        TaskStorage,
        storage
      )
      const taken = () => sent.splice(0).map(kindOf)
      /** Waits until so much has been sent, and then for what may be too much. */
      const takenOf = (count: number) =>
        Effect.gen(function*() {
          while (sent.length < count || (yield* runner.running) > 0) yield* realSleep(5)
          yield* realSleep(50)
          return taken()
        })
      // The first one makes the process a worker.
      yield* runner.startTask(own, () => Effect.void)
      yield* takenOf(1 + settlement.length)
      return { runner, storage, taken, takenOf }
    })

    it.effect("costs its creation and its settlement", () =>
      Effect.gen(function*() {
        const { runner, takenOf } = yield* scene
        const task = Effect.andThen(runner.startTask(own, () => Effect.void), takenOf(1 + settlement.length))
        assert.deepInclude(yield* Effect.all([task, task, task]), [creation, ...settlement])
      }))

    it.effect("costs no more if its own process awaits it", () =>
      Effect.gen(function*() {
        const { runner, storage, taken, takenOf } = yield* scene
        const task = Effect.gen(function*() {
          const go = yield* Deferred.make<void>()
          const { taskId } = yield* runner.startTask(own, () => Deferred.await(go))
          const awaiting = yield* Effect.forkChild(storage.awaitTask(taskId))
          yield* realSleep(50)
          const before = taken()
          yield* Deferred.succeed(go, undefined)
          assert.strictEqual((yield* Fiber.join(awaiting)).status, "completed")
          return [...before, ...yield* takenOf(settlement.length)]
        })
        assert.deepInclude(yield* Effect.all([task, task, task]), [creation, ...settlement])
      }))
  })
}

testRequests("SQLite", sqlite, "INSERT INTO", ["UPDATE"])

// A process tells others of all its writes of ten milliseconds at once, behind them.
testRequests("PostgreSQL", postgres, "INSERT INTO", ["UPDATE", "pg_notify"])

describeWithEngine("DynamoDB Local", () => testRequests("DynamoDB", dynamoDb, "PutItemCommand", ["UpdateItemCommand"]))
