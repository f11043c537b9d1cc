/** Holds sealed tasks in PostgreSQL to the whole contract. */
import * as Effect from "effect/Effect"
import { perFile } from "../../support/perFile.ts"
import { runsOr } from "../../support/runs.ts"
import { emptied, openPair } from "../postgres/database.ts"
import { postgres } from "../postgres/engine.ts"
import { sealedSuite } from "./sealedSuite.ts"

const pair = perFile(Effect.flatMap(postgres, (server) => openPair(server)))

sealedSuite("postgres", Effect.flatMap(pair, emptied), { runs: runsOr(40) })
