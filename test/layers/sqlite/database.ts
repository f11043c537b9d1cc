/** Databases for the tests of SQLite: fresh files, storages and drivers on them, and a bare connection beside them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
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

export const anyone = (now: number) => ({ now, session: undefined })

export const unlimited = { maxTasks: null, maxTasksPerSession: null }
