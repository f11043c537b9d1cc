/**
 * Payloads of 2 KB, sealed, against the same ones as they are. Both sides have the same settings: those that engines have by default,
 * with which each write waits for the disk, and then those with which none waits, so that the work of the processors is all there is.
 */
import * as Effect from "effect/Effect"
import type { TaskStorageError, TaskStorageShape } from "mcp-task-storage"
import type { Encryption } from "mcp-task-storage/encryption"
import { open as openPostgres } from "../test/layers/postgres/database.ts"
import { startPostgresWith } from "../test/layers/postgres/startPostgres.ts"
import { freshFile, open as openSqlite } from "../test/layers/sqlite/database.ts"
import { settlePostgres } from "./fillPostgres.ts"
import { newId } from "./ids.ts"
import { type Contender, measure } from "./measure.ts"
import { openPool } from "./openPool.ts"
import { type Comparison, print } from "./report.ts"
import { settings } from "./settings.ts"

const encryption: Encryption = { current: "2026", keys: { "2026": new Uint8Array(32).fill(1) } }

/** Words, which PostgreSQL compresses as it does what tools answer. Sealed text cannot be compressed. */
const words = ["customer", "invoice", "total", "amount", "open", "paid", "report", "of", "the", "month", "and", "error"]
const text = Array.from({ length: 500 }, (_, index) => words[(index * index * 7 + index) % words.length] ?? "")
  .join(" ").slice(0, 2_000)
const call = { originalMethod: "tools/call", originalParams: { name: "report", arguments: { text } } }
const outcome = { _tag: "Success", value: { content: [{ type: "text", text }] } } as const

interface Operation {
  readonly subject: string
  /** Whether it is given tasks that it changes, or one that it only reads. */
  readonly ids: "fresh" | "stored"
  readonly operate: (storage: TaskStorageShape, id: string) => Effect.Effect<unknown, TaskStorageError>
}

const operations: ReadonlyArray<Operation> = [
  { subject: "createTask", ids: "stored", operate: (storage) => storage.createTask(call) },
  { subject: "settleTask", ids: "fresh", operate: (storage, id) => storage.settleTask(id, outcome) },
  { subject: "getTask", ids: "stored", operate: (storage, id) => storage.getTask(id) },
  { subject: "storeTaskStep", ids: "fresh", operate: (storage, id) => storage.storeTaskStep(id, "step", text) },
  { subject: "listTasks, 50 tasks", ids: "stored", operate: (storage) => storage.listTasks({ limit: 50 }) }
]

/** A storage, and what its engine does by itself where time passes: without it PostgreSQL guesses how a page is to be read. */
interface Side {
  readonly storage: TaskStorageShape
  readonly settle: Effect.Effect<void>
}

/** Fills a storage with tasks that have ended, and gives their ids. */
const fill = (storage: TaskStorageShape) =>
  Effect.forEach(Array.from({ length: 100 }), () =>
    Effect.gen(function*() {
      const { taskId } = yield* storage.createTask(call)
      yield* storage.settleTask(taskId, outcome)
      return taskId
    }))

const contender = (
  { settle, storage }: Side,
  stored: ReadonlyArray<string>,
  { ids, operate }: Operation,
  count: number
): Contender => ({
  operations: count,
  prepare: async () => {
    const given = ids === "stored"
      ? Array.from({ length: count }, (_, index) => stored[index % stored.length] ?? "")
      : await Effect.runPromise(
        Effect.forEach(
          Array.from({ length: count }, newId),
          (taskId) => Effect.as(storage.createTask({ ...call, taskId }), taskId)
        )
      )
    if (ids === "stored") await Effect.runPromise(settle)
    const all = Effect.forEach(given, (id) => operate(storage, id), { discard: true })
    return () => Effect.runPromise(all)
  }
})

const compare = Effect.fnUntraced(function*<E, R>(
  engine: string,
  open: (encryption: Encryption | undefined) => Effect.Effect<Side, E, R>,
  count: number
) {
  const plain = yield* open(undefined)
  const sealed = yield* open(encryption)
  const [storedPlain, storedSealed] = [yield* fill(plain.storage), yield* fill(sealed.storage)]
  const rows: Array<Comparison> = []
  for (const operation of operations) {
    const many = operation.subject.startsWith("list") ? settings.pages : count
    const [byPlain, bySealed] = [
      contender(plain, storedPlain, operation, many),
      contender(sealed, storedSealed, operation, many)
    ]
    const micros = yield* Effect.promise(() => measure([byPlain, bySealed], settings.rounds))
    rows.push({
      subject: `${engine}: ${operation.subject}`,
      micros: micros(bySealed),
      baseline: micros(byPlain),
      target: 1.3
    })
  }
  return rows
})

/** So many operations wait for the disk in a round. */
const commits = settings.serverOperations

const compareSqlite = (synchronous: "full" | "normal") =>
  compare(
    "SQLite",
    (encryption) =>
      Effect.map(
        Effect.flatMap(freshFile, (filename) => openSqlite({ filename, synchronous, encryption })),
        (storage) => ({ storage, settle: Effect.void })
      ),
    synchronous === "full" ? commits : settings.sqliteOperations
  )

const comparePostgres = (fsync: "off" | "on") =>
  Effect.flatMap(startPostgresWith({ fsync }), (server) =>
    compare(
      "PostgreSQL",
      Effect.fnUntraced(function*(encryption) {
        const url = server.url(yield* server.database)
        const pool = yield* openPool(url, 1)
        const storage = yield* openPostgres({ url, notifications: false, encryption })
        return { storage, settle: Effect.promise(() => settlePostgres(pool)) }
      }),
      settings.serverOperations
    ))

const names = ["sealed", "as they are"] as const

const bench = Effect.gen(function*() {
  print("Encryption: payloads of 2 KB", names, [
    ...yield* compareSqlite("full"),
    ...yield* comparePostgres("on")
  ])
  print("Encryption: payloads of 2 KB, with `synchronous = NORMAL` and `fsync = off`", names, [
    ...yield* compareSqlite("normal"),
    ...yield* comparePostgres("off")
  ])
})

export const benchEncryption = (): Promise<void> => Effect.runPromise(Effect.scoped(bench))
