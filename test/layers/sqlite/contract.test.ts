/** Holds the SQLite backend to the contract. */
import * as Effect from "effect/Effect"
import { fromDrivers } from "mcp-task-storage/testing"
import { taskStorageSuite } from "mcp-task-storage/testing/vitest"
import { perFile } from "../../support/perFile.ts"
import { emptied, openPair } from "./database.ts"

taskStorageSuite("sqlite", fromDrivers({ makeDrivers: Effect.map(perFile(openPair), emptied) }))
