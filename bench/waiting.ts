/**
 * What tasks of a runner cost while they merely wait: statements and requests of the engine, time of the processor, memory.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { TaskStorage } from "mcp-task-storage"
import * as DynamoDbTaskStorage from "mcp-task-storage/dynamodb"
import * as PostgresTaskStorage from "mcp-task-storage/postgres"
import * as TaskRunner from "mcp-task-storage/runner"
import * as SqliteTaskStorage from "mcp-task-storage/sqlite"
import { startDynamoDb } from "../test/layers/dynamodb/startDynamoDb.ts"
import { startPostgres, startPostgresWith } from "../test/layers/postgres/startPostgres.ts"
import { tapped } from "./bareDynamoDb.ts"
import { makeFolder } from "./folder.ts"
import { holdMany } from "./holdMany.ts"
import { measuresDynamoDb } from "./measuresDynamoDb.ts"
import { openClient } from "./openClient.ts"
import { openPool } from "./openPool.ts"
import { call } from "./operations.ts"
import { type Measure, printMeasures } from "./report.ts"
import { payload, settings } from "./settings.ts"

const { manyWaiting, waitingSeconds, waitingTasks } = settings

/**
 * PostgreSQL counts the writes of a connection ten seconds late, if it rests meanwhile. The first maintenance comes after a minute, and
 * does what is done every ten minutes from then on.
 */
const settleSeconds = settings.quick ? 11 : 65

const seconds = (count: number) => `${count} seconds` as const

/** Has tasks wait, and gives how much of each counter a second takes meanwhile, and how much of a processor. */
const watch = Effect.fnUntraced(function*<E>(counters: Effect.Effect<ReadonlyArray<number>, E>) {
  const runner = yield* TaskRunner.TaskRunner
  yield* runner.register({ method: call.originalMethod, name: payload.name, run: () => Effect.never })
  yield* Effect.forEach(
    Array.from({ length: waitingTasks }),
    () => runner.startTask(call),
    { concurrency: 32, discard: true }
  )
  yield* Effect.sleep(seconds(settleSeconds))
  const before = yield* counters
  const usage = process.cpuUsage()
  const begin = performance.now()
  yield* Effect.sleep(seconds(waitingSeconds))
  const elapsed = (performance.now() - begin) / 1000
  const { system, user } = process.cpuUsage(usage)
  const after = yield* counters
  return {
    rates: after.map((count, index) => (count - (before[index] ?? NaN)) / elapsed),
    percent: (system + user) / 1e6 / elapsed * 100
  }
})

/** A runner with its defaults, but that its tasks are left at once. */
const runnerOn = <E>(storage: Layer.Layer<TaskStorage, E>) =>
  Layer.provideMerge(TaskRunner.layer({ shutdownTimeout: 1 }), storage)

const percentOf = (engine: string, percent: number): Measure => ({
  subject: `${engine}: percent of a processor, this process`,
  measured: percent,
  target: 1
})

const onPostgres = Effect.gen(function*() {
  const server = yield* startPostgresWith({ shared_preload_libraries: "pg_stat_statements" })
  const url = server.url(yield* server.database)
  const pool = yield* openPool(url, 1)
  yield* Effect.promise(() => pool.query("CREATE EXTENSION pg_stat_statements"))
  const counters = Effect.promise(async () => {
    const { rows } = await pool.query<[statements: number, updates: number]>({
      text: "SELECT (SELECT sum(calls)::int FROM pg_stat_statements JOIN pg_database ON oid = dbid " +
        "WHERE datname = current_database() AND query NOT LIKE '%pg_stat_%'), " +
        "(SELECT sum(n_tup_upd)::int FROM pg_stat_user_tables)",
      rowMode: "array"
    })
    return rows[0] ?? []
  })
  const storage = PostgresTaskStorage.layer({ url })
  const { percent, rates: [statements = NaN, updates = NaN] } = yield* Effect.provide(
    watch(counters),
    runnerOn(storage)
  )
  return [
    { subject: "PostgreSQL: statements a second", measured: statements, target: 1 },
    { subject: "PostgreSQL: row updates a second", measured: updates, target: 1 },
    percentOf("PostgreSQL", percent)
  ]
})

const holdManyOnPostgres = Effect.gen(function*() {
  const server = yield* startPostgres
  const url = server.url(yield* server.database)
  const storage = PostgresTaskStorage.layer({ url })
  return yield* Effect.provide(holdMany(url, manyWaiting), runnerOn(storage))
})

const onSqlite = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(makeFolder),
    (made) => Effect.sync(() => made[Symbol.dispose]())
  )
  const storage = SqliteTaskStorage.layer({ filename: folder.file("waiting.db") })
  const { percent } = yield* Effect.provide(watch(Effect.succeed([])), runnerOn(storage))
  return [percentOf("SQLite", percent)]
})

const onDynamoDb = Effect.gen(function*() {
  const { connection } = yield* startDynamoDb()
  let requests = 0
  const client = tapped(yield* openClient(connection), () => requests++)
  const storage = Layer.provide(
    DynamoDbTaskStorage.layerClient({ tableName: "tasks" }),
    Layer.succeed(DynamoDbTaskStorage.DynamoDbClient, client)
  )
  const { percent, rates: [sent = NaN] } = yield* Effect.provide(
    watch(Effect.sync(() => [requests])),
    runnerOn(storage)
  )
  return [
    { subject: "DynamoDB Local: requests a second", measured: sent, target: 2 },
    percentOf("DynamoDB Local", percent)
  ]
})

/** Measures and prints. DynamoDB is measured where there is Java. */
export const benchWaiting = async (): Promise<void> => {
  const measures = [
    ...await Effect.runPromise(Effect.scoped(onPostgres)),
    ...await Effect.runPromise(Effect.scoped(onSqlite)),
    ...measuresDynamoDb() ? await Effect.runPromise(Effect.scoped(onDynamoDb)) : []
  ]
  printMeasures(`${waitingTasks.toLocaleString("en")} tasks that wait in a runner`, measures)
  printMeasures(
    `${manyWaiting.toLocaleString("en")} tasks that wait in one runner on PostgreSQL`,
    await Effect.runPromise(Effect.scoped(holdManyOnPostgres))
  )
}
