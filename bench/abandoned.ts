/**
 * What a killed process leaves: how long it takes another one until all of its tasks run again, against starting as many, and the
 * statements that both take.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TaskStorage } from "mcp-task-storage"
import * as PostgresTaskStorage from "mcp-task-storage/postgres"
import * as TaskRunner from "mcp-task-storage/runner"
import * as SqliteTaskStorage from "mcp-task-storage/sqlite"
import { startPostgresWith } from "../test/layers/postgres/startPostgres.ts"
import { makeFolder } from "./folder.ts"
import { median } from "./measure.ts"
import { openPool } from "./openPool.ts"
import { call } from "./operations.ts"
import { type Comparison, type Measure, print, printMeasures } from "./report.ts"
import { settings } from "./settings.ts"

const { abandonedRounds, abandonedTasks } = settings

const callers = 32

/** A statement claims many tasks, or releases many. A look has some more. */
const tasksPerStatement = 10

/** The tasks of the one who was killed, who is known to be dead. */
const abandon = Effect.gen(function*() {
  const storage = yield* TaskStorage
  const { workerId } = yield* storage.registerWorker({ lease: 1 })
  yield* Effect.forEach(
    Array.from({ length: abandonedTasks }),
    () => storage.createTask({ ...call, worker: workerId }),
    { concurrency: callers, discard: true }
  )
  yield* Effect.sleep("10 millis")
  yield* storage.declareDeadWorkers()
})

const start = Effect.flatMap(
  TaskRunner.TaskRunner,
  (runner) =>
    Effect.forEach(Array.from({ length: abandonedTasks }), () => runner.startTask(call), {
      concurrency: callers,
      discard: true
    })
)

const takeOver = Effect.flatMap(TaskRunner.TaskRunner, (runner) => runner.recover)

/** Measures both in turns: the microseconds for each task, and the statements for all, where they are counted. */
const compare = Effect.fnUntraced(function*<E>(engine: string, countStatements: Effect.Effect<number, E>) {
  const runner = yield* TaskRunner.TaskRunner
  let gate = Deferred.makeUnsafe<void>()
  let running = 0
  yield* runner.register({
    method: call.originalMethod,
    lostWorker: { maxAttempts: 10 },
    run: () => {
      running++
      return Deferred.await(gate)
    }
  })
  // The process is a worker already.
  yield* runner.recover

  /** Runs until all tasks run, and then lets them end. */
  const round = <A, E2, R>(begin: Effect.Effect<A, E2, R>) =>
    Effect.gen(function*() {
      running = 0
      gate = Deferred.makeUnsafe()
      const before = yield* countStatements
      const began = performance.now()
      yield* begin
      while (running < abandonedTasks) yield* Effect.sleep("1 millis")
      const micros = (performance.now() - began) * 1000 / abandonedTasks
      const statements = (yield* countStatements) - before
      yield* Deferred.succeed(gate, undefined)
      while ((yield* runner.running) > 0) yield* Effect.sleep("5 millis")
      return { micros, statements }
    })

  const [taken, started] = [new Array<Round>(), new Array<Round>()]
  for (let count = 0; count <= abandonedRounds; count++) {
    yield* abandon
    const rounds = [yield* round(takeOver), yield* round(start)] as const
    // The first one does not count.
    if (count === 0) continue
    taken.push(rounds[0])
    started.push(rounds[1])
  }
  const comparison: Comparison = {
    subject: engine,
    micros: median(taken.map(({ micros }) => micros)),
    baseline: median(started.map(({ micros }) => micros)),
    target: 2
  }
  return { comparison, statements: median(taken.map(({ statements }) => statements)) }
})

interface Round {
  readonly micros: number
  readonly statements: number
}

/** It ends at once: nothing of it runs any more. */
const runner = TaskRunner.layer({ recovery: false, shutdownTimeout: 1 })

const onPostgres = Effect.gen(function*() {
  const server = yield* startPostgresWith({ shared_preload_libraries: "pg_stat_statements" })
  const url = server.url(yield* server.database)
  const pool = yield* openPool(url, 1)
  yield* Effect.promise(() => pool.query("CREATE EXTENSION pg_stat_statements"))
  const statements = Effect.promise(async () => {
    const { rows } = await pool.query<[number]>({
      text: "SELECT sum(calls)::int FROM pg_stat_statements JOIN pg_database ON oid = dbid " +
        "WHERE datname = current_database() AND query NOT LIKE '%pg_stat_%'",
      rowMode: "array"
    })
    return rows[0]?.[0] ?? 0
  })
  return yield* Effect.provide(
    compare("PostgreSQL", statements),
    Layer.provideMerge(runner, PostgresTaskStorage.layer({ url, maintenance: false }))
  )
})

const onSqlite = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(makeFolder),
    (made) => Effect.sync(() => made[Symbol.dispose]())
  )
  const storage = SqliteTaskStorage.layer({ filename: folder.file("abandoned.db"), maintenance: false })
  return yield* Effect.provide(compare("SQLite", Effect.succeed(0)), Layer.provideMerge(runner, storage))
})

/** Measures and prints. */
export const benchAbandoned = async (): Promise<void> => {
  const postgres = await Effect.runPromise(Effect.scoped(onPostgres))
  const sqlite = await Effect.runPromise(Effect.scoped(onSqlite))
  const count = abandonedTasks.toLocaleString("en")
  print(
    `${count} tasks of a killed process, until all run again, against starting as many`,
    ["taken over", "started"],
    [
      postgres.comparison,
      sqlite.comparison
    ]
  )
  const measure: Measure = {
    subject: "PostgreSQL: statements to take them over",
    measured: postgres.statements,
    target: abandonedTasks / tasksPerStatement
  }
  printMeasures(`${count} tasks of a killed process`, [measure])
}
