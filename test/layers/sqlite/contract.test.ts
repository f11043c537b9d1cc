/**
 * Holds the SQLite backend to the contract: two connections on one file, as two processes have them. The file is emptied
 * for each case: to make it anew would take longer than the case.
 */
import * as Effect from "effect/Effect"
import * as SqliteTaskStorage from "mcp-task-storage/sqlite"
import { fromDrivers } from "mcp-task-storage/testing"
import { taskStorageSuite } from "mcp-task-storage/testing/vitest"
import { perFile } from "../../support/perFile.ts"
import { bare, freshFile } from "./database.ts"

const pair = perFile(Effect.gen(function*() {
  const options = { filename: yield* freshFile, synchronous: "off" } as const
  const drivers = {
    first: yield* SqliteTaskStorage.makeDriver(options),
    second: yield* SqliteTaskStorage.makeDriver(options)
  }
  return { drivers, database: yield* bare(options.filename) }
}))

const makeDrivers = Effect.map(pair, ({ database, drivers }) => {
  database.exec(
    "DELETE FROM mcp_tasks; DELETE FROM mcp_messages; DELETE FROM mcp_workers; DELETE FROM mcp_worker_news; DELETE FROM mcp_paused_kinds"
  )
  return drivers
})

taskStorageSuite("sqlite", fromDrivers({ makeDrivers }))
