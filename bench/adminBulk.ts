/**
 * Work in bulk on SQLite and PostgreSQL, in promises, with each write on the disk before it counts: how many tasks in a second are run
 * again, cancelled, copied to the other engine and deleted.
 */
import * as Effect from "effect/Effect"
import { type BulkProgress, makeTaskAdmin, openTaskStorage, type PromiseTaskStorage } from "mcp-task-storage/promise"
import { startPostgres } from "../test/layers/postgres/startPostgres.ts"
import { makeFolder } from "./folder.ts"
import { call } from "./operations.ts"
import { printTable } from "./report.ts"
import { settings } from "./settings.ts"

const { bulkTasks } = settings

const failure = { _tag: "Error", code: -32603, message: "It failed" } as const

/** What an operator should not have to wait for: 10 000 tasks in ten seconds. */
const target = 1_000

const seed = async (storage: PromiseTaskStorage): Promise<void> => {
  const callers = Array.from({ length: 64 }, async (_, caller) => {
    for (let at = caller; at < bulkTasks; at += 64) {
      await storage.createTask({ ...call, status: "failed", result: failure })
    }
  })
  await Promise.all(callers)
}

/** Gives how many tasks were done in a second. */
const timed = async (items: AsyncIterable<Pick<BulkProgress, "failed">>, count: number): Promise<number> => {
  const start = performance.now()
  for await (const { failed } of items) if (failed > 0) throw new Error(`${failed} tasks failed`)
  return count / (performance.now() - start) * 1_000
}

const row = (subject: string, perSecond: number): ReadonlyArray<string> => [
  subject,
  perSecond.toFixed(0),
  perSecond >= target ? `>= ${target}` : `>= ${target}  missed`
]

const compare = async (name: string, storage: PromiseTaskStorage, other: PromiseTaskStorage) => {
  await seed(storage)
  const admin = makeTaskAdmin(storage)
  return [
    row(`${name}: rerunTasks`, await timed(admin.rerunTasks({ status: "failed" }), bulkTasks)),
    row(`${name}: rerunTasks, all skipped`, await timed(admin.rerunTasks({ status: "failed" }), bulkTasks)),
    row(`${name}: cancelTasks`, await timed(admin.cancelTasks({ status: "working" }), bulkTasks)),
    row(`${name}: copyTasks`, await timed(admin.copyTasks(other, { status: "failed" }), bulkTasks)),
    row(`${name}: deleteTasks`, await timed(admin.deleteTasks({ status: "failed" }), bulkTasks))
  ]
}

/** Measures and prints. */
export const benchAdminBulk = (): Promise<void> =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const server = yield* startPostgres
    const [first, second] = [server.url(yield* server.database), server.url(yield* server.database)]
    yield* Effect.promise(async () => {
      using folder = makeFolder()
      const sqlite = await openTaskStorage(`sqlite:${folder.file("tasks.db")}`, { maintenance: false })
      const postgres = await openTaskStorage(first, { maintenance: false })
      const sqliteCopy = await openTaskStorage(`sqlite:${folder.file("copy.db")}`, { maintenance: false })
      const postgresCopy = await openTaskStorage(second, { maintenance: false })
      printTable(`Work in bulk on ${bulkTasks} tasks`, [
        ["tasks per second", "measured", "target"],
        ...await compare("SQLite", sqlite, postgresCopy),
        ...await compare("PostgreSQL", postgres, sqliteCopy)
      ])
      for (const storage of [sqlite, postgres, sqliteCopy, postgresCopy]) await storage.close()
    })
  })))
