/**
 * Moving many tasks: from SQLite to PostgreSQL and back, and from PostgreSQL to DynamoDB Local and back. Each copy is left in the middle
 * and goes on by its cursor. Then every task is compared, word for word.
 */
import * as Effect from "effect/Effect"
import {
  makeTaskAdmin,
  openTaskStorage,
  type PromiseTaskStorage,
  type TransferProgress
} from "mcp-task-storage/promise"
import { startDynamoDb } from "../test/layers/dynamodb/startDynamoDb.ts"
import { startPostgres } from "../test/layers/postgres/startPostgres.ts"
import { makeFolder } from "./folder.ts"
import { printTable } from "./report.ts"
import { payload, result, settings } from "./settings.ts"

const { movedTasks, movedToDynamoDb } = settings

const statuses = ["completed", "failed", "cancelled", "input_required"] as const

/** Tasks of all kinds that do not run, with text that engines like to change. */
const seed = async (storage: PromiseTaskStorage): Promise<void> => {
  const create = (at: number) => {
    const status = statuses[at % statuses.length] ?? "completed"
    return storage.createTask({
      originalMethod: "tools/call",
      originalParams: { ...payload, at, text: ["\ud800", "\u0000", "\u2028"] },
      meta: { z: at, a: { __proto__: null, n: 5e-324 } },
      principal: { user: at % 1_000 },
      sessionId: `session-${at % 1_000}`,
      steps: { one: result },
      status,
      ...(status === "input_required"
        ? { inputRequests: { q: payload } }
        : { result: { _tag: "Success", value: { ...result, at } } })
    })
  }
  const callers = Array.from({ length: 64 }, async (_, caller) => {
    for (let at = caller; at < movedTasks; at += 64) await create(at)
  })
  await Promise.all(callers)
}

/** Copies a third or a half, and then the rest by the cursor. Gives how many there were in a second. */
const copy = async (from: PromiseTaskStorage, to: PromiseTaskStorage, count: number): Promise<number> => {
  const admin = makeTaskAdmin(from)
  const start = performance.now()
  let latest: TransferProgress | undefined
  for await (const progress of admin.copyTasks(to, { all: true }, { limit: Math.ceil(count / 2) })) {
    latest = progress
    if (progress.copied >= count / 3) break
  }
  const some = latest?.copied ?? 0
  const rest = { cursor: latest?.nextCursor, limit: count - some }
  for await (const progress of admin.copyTasks(to, { all: true }, rest)) latest = progress
  const seconds = (performance.now() - start) / 1_000
  if (some + (latest?.copied ?? 0) !== count || latest?.failed !== 0) {
    throw new Error(`It copied ${some} and ${JSON.stringify({ ...latest, tasks: [] })}, not ${count}`)
  }
  return count / seconds
}

/** Reads both storages side by side. */
const compare = async (left: PromiseTaskStorage, right: PromiseTaskStorage, count: number): Promise<void> => {
  let compared = 0
  const cursors: Array<string | undefined> = [undefined, undefined]
  do {
    const limit = Math.min(200, count - compared)
    const pages = await Promise.all(
      [left, right].map((storage, at) => storage.listTasks({ cursor: cursors[at], limit }))
    )
    const [ours, theirs] = pages.map(({ tasks }) => tasks)
    // As text, in which the order of keys counts.
    if (JSON.stringify(ours) !== JSON.stringify(theirs)) throw new Error(`The tasks behind number ${compared} differ`)
    compared += ours?.length ?? 0
    for (const [at, { nextCursor }] of pages.entries()) cursors[at] = nextCursor
  } while (cursors[0] !== undefined && compared < count)
  if (compared !== count) throw new Error(`Only ${compared} tasks of ${count} are there`)
}

const mebibytes = (): string => `${(process.memoryUsage().rss / 1024 / 1024).toFixed(0)} MiB`

/** Measures and prints. */
export const benchMove = (): Promise<void> =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const server = yield* startPostgres
    const { connection: { credentials, endpoint, region } } = yield* startDynamoDb()
    // The client of AWS finds them where it looks for them.
    process.env["AWS_ACCESS_KEY_ID"] = credentials.accessKeyId
    process.env["AWS_SECRET_ACCESS_KEY"] = credentials.secretAccessKey
    const [first, second] = [server.url(yield* server.database), server.url(yield* server.database)]
    yield* Effect.promise(async () => {
      using folder = makeFolder()
      const open = (url: string) => openTaskStorage(url, { maintenance: false })
      const sqlite = await open(`sqlite:${folder.file("tasks.db")}`)
      const postgres = await open(first)
      const back = await open(`sqlite:${folder.file("back.db")}`)
      const dynamoDb = await open(`dynamodb://moved?region=${region}&endpoint=${encodeURIComponent(endpoint)}`)
      const postgresBack = await open(second)
      await seed(sqlite)
      const rows: Array<ReadonlyArray<string>> = []
      for (
        const [name, from, to, count] of [
          ["SQLite to PostgreSQL", sqlite, postgres, movedTasks],
          ["PostgreSQL to SQLite", postgres, back, movedTasks],
          ["PostgreSQL to DynamoDB Local", postgres, dynamoDb, movedToDynamoDb],
          ["DynamoDB Local to PostgreSQL", dynamoDb, postgresBack, movedToDynamoDb]
        ] as const
      ) {
        const perSecond = await copy(from, to, count)
        await compare(sqlite, to, count)
        rows.push([name, String(count), perSecond.toFixed(0), mebibytes()])
      }
      printTable("Tasks that move, each compared", [["", "tasks", "per second", "memory"], ...rows])
      for (const storage of [sqlite, postgres, back, dynamoDb, postgresBack]) await storage.close()
    })
  })))
