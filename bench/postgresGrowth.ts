/**
 * PostgreSQL by how many tasks are stored, one caller. All tasks are active, of sessions of a hundred, and have a ttl, so
 * that each is in every index.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { openTaskStorage } from "mcp-task-storage/promise"
import { startPostgres } from "../test/layers/postgres/startPostgres.ts"
import { fillPostgres, settlePostgres } from "./fillPostgres.ts"
import { anywhere, compareGrowth, type Filled, findCursors, type GrowthOperation, growthOperations } from "./growth.ts"
import { openPool } from "./openPool.ts"
import { call } from "./operations.ts"
import { settings } from "./settings.ts"

const { growthSizes, pages, rounds, serverOperations } = settings

const day = 86_400_000

const fill = (url: string, size: number): Effect.Effect<Filled, never, Scope.Scope> =>
  Effect.gen(function*() {
    const storage = yield* Effect.acquireRelease(
      Effect.promise(() => openTaskStorage(url, { maintenance: false, postgres: { notifications: false } })),
      (storage) => Effect.promise(() => storage.close())
    )
    const pool = yield* openPool(url, 1)
    return yield* Effect.promise(async () => {
      const { taskId } = await storage.createTask({ ...call, sessionId: "session", ttl: day })
      const ids = await fillPostgres(pool, taskId, size)
      await settlePostgres(pool)
      return { size, storage, ids, cursors: await findCursors(storage, size) }
    })
  })

const sessionsOf = ({ size }: Filled): ReadonlyArray<string> =>
  Array.from({ length: size / 100 - 1 }, (_, index) => `session-${index + 1}`)

const refused = async (write: Promise<unknown>): Promise<void> => {
  const isRefused = await write.then(() => false, () => true)
  if (!isRefused) throw new Error("the write was to be refused")
}

const operations: ReadonlyArray<GrowthOperation> = [
  ...growthOperations(serverOperations, { newest: 1.5, any: 1.5, page: 1.5 }),
  {
    subject: "updateTaskStatus, any, refused",
    operations: serverOperations,
    operate: ({ ids, storage }) => (index) => refused(storage.updateTaskStatus(anywhere(ids)(index), "working"))
  },
  {
    subject: "listTasksForSession, 50 tasks, any session",
    operations: pages,
    operate: (filled) => {
      const pick = anywhere(sessionsOf(filled))
      return (index) => filled.storage.listTasksForSession(pick(index), { limit: 50 })
    }
  },
  {
    subject: "recoverStuckTasks, none found",
    operations: serverOperations,
    operate: ({ storage }) => () => storage.recoverStuckTasks(day)
  },
  {
    subject: "expireTasks, none found",
    operations: serverOperations,
    operate: ({ storage }) => () => storage.expireTasks()
  }
]

/** Measures and prints. */
export const benchPostgresGrowth = (): Promise<void> =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const server = yield* startPostgres
    const storages: Array<Filled> = []
    for (const size of growthSizes) storages.push(yield* fill(server.url(yield* server.database), size))
    yield* Effect.promise(() => compareGrowth("PostgreSQL", storages, operations, rounds))
  })))
