/** Runners of several processes on one DynamoDB table. */
import { describeWithEngine } from "./dynamodb/engine.ts"
import { dynamoDbTarget } from "./faults/dynamoDbTarget.ts"
import { testTwoRunners } from "./runner/testTwoRunners.ts"

describeWithEngine("DynamoDB Local", () => testTwoRunners(dynamoDbTarget))
