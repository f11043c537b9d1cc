/** Runners of several processes on one SQLite file. */
import { sqliteTarget } from "../layers/faults/sqliteTarget.ts"
import { testLongOutages } from "./testLongOutages.ts"
import { testOutages } from "./testOutages.ts"
import { testPauses } from "./testPauses.ts"
import { testPayloadReads } from "./testPayloadReads.ts"
import { testTwoRunners } from "./testTwoRunners.ts"

testTwoRunners(sqliteTarget)
testPauses(sqliteTarget)
testOutages(sqliteTarget)
testLongOutages(sqliteTarget)
testPayloadReads(sqliteTarget)
