/** What faults do to the DynamoDB backend. */
import { describeWithEngine } from "../dynamodb/engine.ts"
import { dynamoDbTarget } from "./dynamoDbTarget.ts"
import { testNetwork, testProcesses, testRestarts, testSteps } from "./faultTests.ts"
import { makeRestartableDynamoDb } from "./restartableDynamoDb.ts"

describeWithEngine("dynamodb", () => {
  testSteps(dynamoDbTarget, { share: 0.01, patience: 20 })
  // Fewer than elsewhere: to open a table takes a process longest, and most writes are a single request.
  testProcesses(dynamoDbTarget, { kills: 12, mostLines: 100 })
  testNetwork(dynamoDbTarget)
  testRestarts(makeRestartableDynamoDb())
})
