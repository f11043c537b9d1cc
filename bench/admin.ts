/**
 * What a person on call asks of a storage with many tasks, in milliseconds.
 */
import * as Effect from "effect/Effect"
import { openTaskStorage, type PromiseTaskStorage } from "mcp-task-storage/promise"
import { startPostgres } from "../test/layers/postgres/startPostgres.ts"
import { makeFolder } from "./folder.ts"
import { openPool } from "./openPool.ts"
import { printMeasures } from "./report.ts"
import { commonName, rareName, seedPostgres, seedSqlite } from "./seedTasks.ts"
import { settings } from "./settings.ts"

const { adminRounds, adminSize } = settings

const hour = 3_600_000

/** Each of them is meant to take less than a second. */
const target = 1_000

const questions: ReadonlyArray<readonly [subject: string, ask: (storage: PromiseTaskStorage) => Promise<unknown>]> = [
  ["the newest 50", (storage) => storage.listTaskSummaries({ order: "newest" })],
  [
    `failed, "${commonName}", of the last hour`,
    (storage) =>
      storage.listTaskSummaries({
        createdAfter: new Date(Date.now() - hour).toISOString(),
        name: commonName,
        order: "newest",
        status: "failed"
      })
  ],
  [
    `failed, "${commonName}", the newest 50`,
    (storage) => storage.listTaskSummaries({ name: commonName, order: "newest", status: "failed" })
  ],
  [`"${commonName}", the newest 50`, (storage) => storage.listTaskSummaries({ name: commonName, order: "newest" })],
  [`"${rareName}", of all time`, (storage) => storage.listTaskSummaries({ name: rareName, order: "newest" })],
  ["taskStats", (storage) => storage.taskStats()],
  ["taskStats, failures of a day", (storage) => storage.taskStats({ failuresSince: "1 day" })],
  ["findTaskIds by 6 characters", async (storage) => {
    const [newest] = (await storage.listTaskSummaries({ limit: 1, order: "newest" })).tasks
    const found = await storage.findTaskIds({ ending: newest?.taskId.slice(-6) ?? "" })
    if (found.length === 0) throw new Error("the newest task was not found")
  }],
  ["taskCount", (storage) => storage.taskCount()]
]

const measureAll = async (name: string, storage: PromiseTaskStorage): Promise<void> => {
  const measures = []
  for (const [subject, ask] of questions) {
    await ask(storage)
    const times: Array<number> = []
    for (let round = 0; round < adminRounds; round++) {
      const start = performance.now()
      await ask(storage)
      times.push(performance.now() - start)
    }
    times.sort((left, right) => left - right)
    measures.push({ subject, measured: times[times.length >> 1] ?? NaN, target })
  }
  printMeasures(`${name} with ${adminSize.toLocaleString("en")} tasks, milliseconds`, measures)
}

const ofSqlite = async (): Promise<void> => {
  using folder = makeFolder()
  const filename = folder.file("admin.db")
  const open = () => openTaskStorage(`sqlite:${filename}`, { maintenance: false })
  await (await open()).close()
  seedSqlite(filename, adminSize)
  const storage = await open()
  await measureAll("SQLite", storage)
  await storage.close()
}

const ofPostgres = Effect.scoped(Effect.gen(function*() {
  const server = yield* startPostgres
  const url = server.url(yield* server.database)
  const open = () => openTaskStorage(url, { maintenance: false, postgres: { notifications: false } })
  const pool = yield* openPool(url, 1)
  yield* Effect.promise(async () => {
    await (await open()).close()
    await seedPostgres(pool, adminSize)
    // As autovacuum leaves it.
    await pool.query("VACUUM (ANALYZE) mcp_tasks")
    const storage = await open()
    await measureAll("PostgreSQL", storage)
    await storage.close()
  })
}))

/** Measures and prints. */
export const benchAdmin = async (): Promise<void> => {
  await ofSqlite()
  await Effect.runPromise(ofPostgres)
}
