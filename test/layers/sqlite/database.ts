/** Databases for the tests of SQLite: fresh files, storages and drivers on them, and a bare connection beside them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { DriverPair } from "mcp-task-storage/testing"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"

export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "mcp-task-storage-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

export const freshFile: Effect.Effect<string, never, Scope.Scope> = Effect.map(folder, (path) => join(path, "tasks.db"))

export const open = (options: SqliteTaskStorage.Options) =>
  Effect.map(
    Layer.build(Layer.fresh(SqliteTaskStorage.layer({ maintenance: false, ...options }))),
    (built) => Context.get(built, TaskStorage)
  )

/** A connection of somebody else. */
export const bare = (filename: string): Effect.Effect<DatabaseSync, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new DatabaseSync(filename)),
    (database) => Effect.sync(() => database.close())
  )

/** What the schema of a database consists of. */
export const schemaOf = (database: DatabaseSync) =>
  database.prepare("SELECT name, sql FROM sqlite_schema WHERE name LIKE 'mcp%' ORDER BY name").all()

export const anyone = (now: number) => ({ now, session: undefined })

export const unlimited = { maxTasks: null, maxTasksPerSession: null }

/** Two drivers on one file, as two processes have them, and a bare connection. */
export const openPair = Effect.gen(function*() {
  const options = { filename: yield* freshFile, synchronous: "off" } as const
  const first = yield* SqliteTaskStorage.makeDriver(options)
  const second = yield* SqliteTaskStorage.makeDriver(options)
  return { first, second, database: yield* bare(options.filename) }
})

/** The file is emptied for each case: to make it anew would take longer than the case. */
export const emptied = ({ database, first, second }: Effect.Success<typeof openPair>): DriverPair => {
  database.exec(
    "BEGIN IMMEDIATE; DELETE FROM mcp_tasks; DELETE FROM mcp_messages; DELETE FROM mcp_workers; DELETE FROM mcp_worker_news; DELETE FROM mcp_paused_kinds; COMMIT"
  )
  return { first, second }
}
