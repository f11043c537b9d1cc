/** What faults do to the DynamoDB backend. */
import { describeWithEngine } from "../dynamodb/engine.ts"
import { dynamoDbTarget } from "./dynamoDbTarget.ts"
import { testNetwork, testProcesses, testRestarts, testSteps } from "./faultTests.ts"
import { makeRestartableDynamoDb } from "./restartableDynamoDb.ts"

describeWithEngine("dynamodb", () => {
  testSteps(dynamoDbTarget, { share: 0.01, patience: 20 })
  testProcesses(dynamoDbTarget, { kills: 20, mostLines: 100 })
  testNetwork(dynamoDbTarget)
  testRestarts(makeRestartableDynamoDb())
})
