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
import { measurePairs, type PairComparison, type Side } from "./measurePairs.ts"
import { openPool } from "./openPool.ts"
import { processorMicros } from "./processorMicros.ts"
import { printPairs } from "./report.ts"
import { settings } from "./settings.ts"

const encryption: Encryption = { current: "2026", keys: { "2026": new Uint8Array(32).fill(1) } }

const customers = ["Miller Ltd", "Okafor and Sons", "Tanaka KK", "Silva SA", "Novak", "Haddad Group", "Berg AS"]

const invoice = (index: number): string => {
  const number = (index * 7_919 + 104_729) % 99_991
  const [month, day] = [1 + number % 12, 1 + (number >> 3) % 28].map((part) => String(part).padStart(2, "0"))
  const [customer, amount] = [customers[number % customers.length], (number * 17 % 900_000) / 100]
  return `${number} ${customer} 2026-${month}-${day} ${amount} ${number % 3 === 0 ? "open" : "paid"}`
}

/**
 * A list as tools answer it. PostgreSQL compresses it to some two fifths, as it does other JSON and text of this size. What is
 * sealed cannot be compressed.
 */
const text = Array.from({ length: 60 }, (_, index) => invoice(index)).join("; ").slice(0, 2_000)
const call = { originalMethod: "tools/call", originalParams: { name: "report", arguments: { text } } }
const outcome = { _tag: "Success", value: { content: [{ type: "text", text }] } } as const

/** What an operation is given: a task that it changes, one of a few that are read all the time, or of more than stay in memory. */
type Given = "fresh" | "lately read" | "seldom read" | "lately read page" | "seldom read page"

interface Operation {
  readonly subject: string
  readonly given: Given
  readonly operate: (storage: TaskStorageShape, given: string) => Effect.Effect<unknown, TaskStorageError>
}

const operations: ReadonlyArray<Operation> = [
  { subject: "createTask", given: "lately read", operate: (storage) => storage.createTask(call) },
  { subject: "settleTask", given: "fresh", operate: (storage, id) => storage.settleTask(id, outcome) },
  { subject: "storeTaskStep", given: "fresh", operate: (storage, id) => storage.storeTaskStep(id, "step", text) },
  { subject: "getTask, polled", given: "lately read", operate: (storage, id) => storage.getTask(id) },
  { subject: "getTask", given: "seldom read", operate: (storage, id) => storage.getTask(id) },
  {
    subject: "listTasks, the same 50",
    given: "lately read page",
    operate: (storage, cursor) => storage.listTasks({ limit: 50, cursor })
  },
  {
    subject: "listTasks, 50 tasks",
    given: "seldom read page",
    operate: (storage, cursor) => storage.listTasks({ limit: 50, cursor })
  }
]

/** A storage with tasks that have ended. */
interface Store {
  readonly storage: TaskStorageShape
  /** Does what the engine does by itself where time passes: without it PostgreSQL guesses how a page is to be read. */
  readonly settle: Effect.Effect<void>
  readonly serverMicros: () => number
  readonly given: { readonly [Kind in Exclude<Given, "fresh">]: ReadonlyArray<string> }
}

/** More than a storage with encryption keeps in memory. */
const storedTasks = 2_500

/** Fills a storage, and gives the ids of tasks and the cursors of pages. */
const fill = Effect.fnUntraced(function*(storage: TaskStorageShape) {
  const ids = yield* Effect.forEach(Array.from({ length: storedTasks }), () =>
    Effect.tap(
      Effect.map(storage.createTask(call), ({ taskId }) => taskId),
      (taskId) => storage.settleTask(taskId, outcome)
    ), { concurrency: 32 })
  const cursors: Array<string> = []
  for (let next = yield* storage.listTasks({ limit: 50 }); next.nextCursor !== undefined;) {
    cursors.push(next.nextCursor)
    next = yield* storage.listTasks({ limit: 50, cursor: next.nextCursor })
  }
  return {
    "lately read": ids.slice(0, 50),
    "seldom read": ids,
    "lately read page": cursors.slice(0, 1),
    "seldom read page": cursors
  }
})

const side = ({ given, serverMicros, storage }: Store, operation: Operation): Side => {
  const kind = operation.given
  const count = kind.endsWith("page") ? settings.pairPages : settings.pairOperations
  let begun = 0
  const next = () =>
    kind === "fresh"
      ? Effect.map(storage.createTask({ ...call, taskId: newId() }), ({ taskId }) => taskId)
      : Effect.sync(() => given[kind][begun++ % given[kind].length] ?? "")
  return {
    operations: count,
    serverMicros,
    prepare: async () => {
      const given = await Effect.runPromise(Effect.forEach(Array.from({ length: count }), next))
      const all = Effect.forEach(given, (one) => operation.operate(storage, one), { discard: true })
      return () => Effect.runPromise(all)
    }
  }
}

const compare = Effect.fnUntraced(function*<E, R>(
  engine: string,
  open: (encryption: Encryption | undefined) => Effect.Effect<Store, E, R>
) {
  const [sealed, plain] = [yield* open(encryption), yield* open(undefined)]
  const rows: Array<PairComparison & { readonly subject: string }> = []
  for (const operation of operations) {
    yield* Effect.andThen(sealed.settle, plain.settle)
    const compared = yield* Effect.promise(() =>
      measurePairs(side(sealed, operation), side(plain, operation), settings.pairs, settings.pairWarmUp)
    )
    rows.push({ subject: `${engine}: ${operation.subject}`, ...compared })
  }
  return rows
})

const compareSqlite = (synchronous: "full" | "normal") =>
  compare(
    "SQLite",
    Effect.fnUntraced(function*(encryption) {
      const storage = yield* openSqlite({ filename: yield* freshFile, synchronous, encryption })
      return { storage, settle: Effect.void, serverMicros: () => 0, given: yield* fill(storage) }
    })
  )

const comparePostgres = (fsync: "off" | "on") =>
  // What the server does by itself from time to time is done before each comparison.
  Effect.flatMap(startPostgresWith({ fsync, autovacuum: "off" }), (server) =>
    compare(
      "PostgreSQL",
      Effect.fnUntraced(function*(encryption) {
        const url = server.url(yield* server.database)
        const pool = yield* openPool(url, 1)
        const storage = yield* openPostgres({ url, maxConnections: 1, notifications: false, encryption })
        const given = yield* fill(storage)
        const { rows } = yield* Effect.promise(() =>
          pool.query<{ readonly pid: number }>(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
          )
        )
        const pids = rows.map(({ pid }) => pid)
        const settle = Effect.promise(() => settlePostgres(pool))
        return { storage, settle, serverMicros: () => processorMicros(pids), given }
      })
    ))

const names = ["sealed", "as they are"] as const
const target = 1.3

const bench = Effect.gen(function*() {
  printPairs("Encryption: payloads of 2 KB", names, target, [
    ...yield* compareSqlite("full"),
    ...yield* comparePostgres("on")
  ])
  printPairs("Encryption: payloads of 2 KB, with `synchronous = NORMAL` and `fsync = off`", names, target, [
    ...yield* compareSqlite("normal"),
    ...yield* comparePostgres("off")
  ])
})

export const benchEncryption = (): Promise<void> => Effect.runPromise(Effect.scoped(bench))
