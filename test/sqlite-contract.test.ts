/**
 * Holds the SQLite backend to the contract: two connections on one file, as two processes have them.
 */
import * as Effect from "effect/Effect"
import * as SqliteTaskStorage from "mcp-task-storage/sqlite"
import { fromDrivers } from "mcp-task-storage/testing"
import { taskStorageSuite } from "mcp-task-storage/testing/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "mcp-task-storage-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const makeDrivers = Effect.gen(function*() {
  const options = { filename: join(yield* folder, "tasks.db"), synchronous: "off" } as const
  return { first: yield* SqliteTaskStorage.makeDriver(options), second: yield* SqliteTaskStorage.makeDriver(options) }
})

taskStorageSuite("sqlite", fromDrivers({ makeDrivers }))
