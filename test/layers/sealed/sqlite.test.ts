/** Holds sealed tasks in SQLite to the contract. */
import * as Effect from "effect/Effect"
import { perFile } from "../../support/perFile.ts"
import { runsOr } from "../../support/runs.ts"
import { emptied, openPair } from "../sqlite/database.ts"
import { sealedSuite } from "./sealedSuite.ts"

sealedSuite("sqlite", Effect.map(perFile(openPair), emptied), { runs: runsOr(100) })
