/** Runners of several processes on one store in memory. */
import { memoryTarget } from "../layers/faults/memoryTarget.ts"
import { testLongOutages } from "./testLongOutages.ts"
import { testOutages } from "./testOutages.ts"
import { testPauses } from "./testPauses.ts"
import { testPayloadReads } from "./testPayloadReads.ts"
import { testTwoRunners } from "./testTwoRunners.ts"

testTwoRunners(memoryTarget)
testPauses(memoryTarget)
testOutages(memoryTarget)
testLongOutages(memoryTarget)
testPayloadReads(memoryTarget)
