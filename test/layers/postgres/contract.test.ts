/**
 * Holds the PostgreSQL backend to the contract: two pools on one database, as two processes have them.
 *
 * The random checks make fewer runs than in memory by default, because each takes some hundred statements.
 */
import * as Effect from "effect/Effect"
import { fromDrivers } from "mcp-task-storage/testing"
import { taskStorageSuite } from "mcp-task-storage/testing/vitest"
import { perFile } from "../../support/perFile.ts"
import { runsOr } from "../../support/runs.ts"
import { emptied, openPair } from "./database.ts"
import { postgres } from "./engine.ts"

const pair = perFile(Effect.flatMap(postgres, (server) => openPair(server)))

taskStorageSuite("postgres", fromDrivers({ makeDrivers: Effect.flatMap(pair, emptied) }), { runs: runsOr(200) })
