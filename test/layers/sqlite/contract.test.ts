/**
 * Holds the SQLite backend to the contract.
 *
 * The random checks make as many runs by default as on PostgreSQL, whose statements come from the same code.
 */
import * as Effect from "effect/Effect"
import { fromDrivers } from "mcp-task-storage/testing"
import { taskStorageSuite } from "mcp-task-storage/testing/vitest"
import { perFile } from "../../support/perFile.ts"
import { runsOr } from "../../support/runs.ts"
import { emptied, openPair } from "./database.ts"

taskStorageSuite("sqlite", fromDrivers({ makeDrivers: Effect.map(perFile(openPair), emptied) }), { runs: runsOr(300) })
