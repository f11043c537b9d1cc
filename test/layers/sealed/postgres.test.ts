/** Holds sealed tasks in PostgreSQL to the part of the contract that is about payloads. */
import * as Effect from "effect/Effect"
import { perFile } from "../../support/perFile.ts"
import { runsOr } from "../../support/runs.ts"
import { emptied, openPair } from "../postgres/database.ts"
import { postgres } from "../postgres/engine.ts"
import { lightSealedSuite } from "./sealedSuite.ts"

const pair = perFile(Effect.flatMap(postgres, (server) => openPair(server)))

lightSealedSuite("postgres", Effect.flatMap(pair, emptied), { runs: runsOr(40) })
