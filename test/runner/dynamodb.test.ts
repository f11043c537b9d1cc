/** Runners of several processes on one DynamoDB table. */
import { describeWithEngine } from "../layers/dynamodb/engine.ts"
import { dynamoDbTarget } from "../layers/faults/dynamoDbTarget.ts"
import { testLongOutages } from "./testLongOutages.ts"
import { testOutages } from "./testOutages.ts"
import { testPauses } from "./testPauses.ts"
import { testPayloadReads } from "./testPayloadReads.ts"
import { testTwoRunners } from "./testTwoRunners.ts"

describeWithEngine("DynamoDB Local", () => {
  testTwoRunners(dynamoDbTarget)
  testPauses(dynamoDbTarget)
  testOutages(dynamoDbTarget)
  testLongOutages(dynamoDbTarget)
  testPayloadReads(dynamoDbTarget)
})
