/**
 * What a write of a task costs PostgreSQL in its indexes, as the log of the server has it. These are counts, which are the same on a busy
 * machine. An update that leaves all indexes alone is HOT.
 */
import * as Effect from "effect/Effect"
import { openTaskStorage } from "mcp-task-storage/promise"
import type { Pool } from "pg"
import { startPostgresWith } from "../test/layers/postgres/startPostgres.ts"
import { openPool } from "./openPool.ts"
import { call, outcome } from "./operations.ts"
import { printTable } from "./report.ts"
import { settings } from "./settings.ts"

const { loggedTasks } = settings

const hour = 3_600_000

/** Each has something else about the tables. */
const variants: ReadonlyArray<readonly [name: string, statement: string]> = [
  ["as it is", "SELECT 1"],
  ...[100, 50].map((percent) =>
    [
      `fillfactor ${percent}`,
      `ALTER TABLE mcp_tasks SET (fillfactor = ${percent}); ALTER TABLE mcp_workers SET (fillfactor = ${percent})`
    ] as const
  ),
  ...[
    ["creation"],
    ["status"],
    ["session"],
    ["session_status"],
    ["expiry"],
    ["update"],
    ["free"],
    ["worker"],
    ["name"],
    ["failure"],
    ["update", "failure"]
  ].map((names) =>
    [
      `without ${names.join(", ")}`,
      `DROP INDEX ${names.map((name) => `mcp_tasks_by_${name}`).join(", ")}`
    ] as const
  )
]

/** What the log has of some writes, for each of them. */
interface Logged {
  readonly entries: number
  readonly bytes: number
  readonly hot: number
}

const positionOf = async (pool: Pool): Promise<string> => {
  const { rows } = await pool.query<{ readonly position: string }>("SELECT pg_current_wal_insert_lsn() AS position")
  return rows[0]?.position ?? "0/0"
}

type Write = (index: number) => Promise<unknown>

/** Writes one after the other, and reads what that logged. */
const readLog = async (pool: Pool, write: Write): Promise<Logged> => {
  const start = await positionOf(pool)
  for (let index = 0; index < loggedTasks; index++) await write(index)
  const { rows } = await pool.query<Logged>(
    "SELECT coalesce(sum(count) FILTER (WHERE type LIKE 'Btree/INSERT%'), 0)::float8 AS entries, " +
      "sum(record_size)::float8 AS bytes, " +
      "coalesce(sum(count) FILTER (WHERE type LIKE 'Heap/HOT_UPDATE%'), 0)::float8 AS hot " +
      "FROM pg_get_wal_stats($1, pg_current_wal_insert_lsn(), true) " +
      "AS stats (type, count, count_percentage, record_size)",
    [start]
  )
  const { bytes = NaN, entries = NaN, hot = NaN } = rows[0] ?? {}
  return { entries: entries / loggedTasks, bytes: bytes / loggedTasks, hot: hot / loggedTasks }
}

/** The lives of tasks that a registered worker has from the start, and of tasks that wait for one. All have a session, a ttl and a name. */
const writesOf = async (
  storage: Awaited<ReturnType<typeof openTaskStorage>>
): Promise<ReadonlyArray<readonly [name: string, write: Write]>> => {
  const { workerId: worker } = await storage.registerWorker({ lease: hour })
  const workers: Array<string> = []
  const ids: Array<string> = []
  const create = (more: { readonly worker: string } | { readonly lease: number }): Write => async (index) => {
    const { taskId } = await storage.createTask({ ...call, sessionId: `session-${index % 20}`, ttl: hour, ...more })
    ids[index] = taskId
  }
  const idAt = (index: number): string => ids[index] ?? ""
  return [
    ["create, held", create({ worker })],
    ["progress", (index) => storage.touchTask(idAt(index), { statusMessage: "halfway", attempt: 1 })],
    ["settle", (index) => storage.settleTask(idAt(index), outcome, { attempt: 1 })],
    ["create, free", create({ lease: 0 })],
    ["claim", (index) => storage.claimTask(idAt(index), { worker })],
    [
      "register",
      async (index) => {
        workers[index] = (await storage.registerWorker({ lease: hour })).workerId
      }
    ],
    ["renew", (index) => storage.renewWorker(workers[index] ?? "", { lease: hour })]
  ]
}

const measureVariant = (url: string, statement: string) =>
  Effect.gen(function*() {
    const pool = yield* openPool(url, 1)
    const storage = yield* Effect.acquireRelease(
      Effect.promise(() => openTaskStorage(url, { maintenance: false, postgres: { notifications: false } })),
      (storage) => Effect.promise(() => storage.close())
    )
    return yield* Effect.promise(async () => {
      await pool.query("CREATE EXTENSION pg_walinspect")
      await pool.query(statement)
      const results: Array<readonly [name: string, logged: Logged]> = []
      for (const [name, write] of await writesOf(storage)) results.push([name, await readLog(pool, write)])
      return results
    })
  })

const measureAll = Effect.gen(function*() {
  // The log has a whole page after each checkpoint, whenever that is, and vacuum comes when it likes.
  const server = yield* startPostgresWith({ autovacuum: "off", full_page_writes: "off" })
  for (const [name, statement] of variants) {
    const results = yield* Effect.scoped(measureVariant(server.url(yield* server.database), statement))
    printTable(`PostgreSQL's log of ${loggedTasks.toLocaleString("en")} writes of a kind, for each: ${name}`, [
      ["", "index entries", "bytes", "HOT updates", ""],
      ...results.map(([write, { bytes, entries, hot }]) => [
        write,
        entries.toFixed(1),
        bytes.toFixed(0),
        hot.toFixed(2),
        ""
      ])
    ])
  }
})

/** Measures and prints. */
export const benchPostgresIndexes = (): Promise<void> => Effect.runPromise(Effect.scoped(measureAll))
