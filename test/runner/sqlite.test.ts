/** Runners of several processes on one SQLite file. */
import { sqliteTarget } from "../layers/faults/sqliteTarget.ts"
import { testOutages } from "./testOutages.ts"
import { testPayloadReads } from "./testPayloadReads.ts"
import { testTwoRunners } from "./testTwoRunners.ts"

testTwoRunners(sqliteTarget)
testOutages(sqliteTarget)
testPayloadReads(sqliteTarget)
