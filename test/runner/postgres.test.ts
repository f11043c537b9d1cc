/** Runners of several processes on one PostgreSQL database. */
import { makePostgresTarget } from "../layers/faults/postgresTarget.ts"
import { testLongOutages } from "./testLongOutages.ts"
import { testOutages } from "./testOutages.ts"
import { testPauses } from "./testPauses.ts"
import { testPayloadReads } from "./testPayloadReads.ts"
import { testTwoRunners } from "./testTwoRunners.ts"

const target = makePostgresTarget()
testTwoRunners(target)
testPauses(target)
testOutages(target)
testLongOutages(target)
testPayloadReads(target)
