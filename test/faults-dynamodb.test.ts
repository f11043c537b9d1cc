/** What faults do to the DynamoDB backend. */
import { describeWithEngine } from "./dynamodb/engine.ts"
import { dynamoDbTarget } from "./faults/dynamoDbTarget.ts"
import { testNetwork, testProcesses, testRestarts, testSteps } from "./faults/faultTests.ts"
import { makeRestartableDynamoDb } from "./faults/restartableDynamoDb.ts"

describeWithEngine("dynamodb", () => {
  testSteps(dynamoDbTarget, { share: 0.01, patience: 20 })
  testProcesses(dynamoDbTarget, { kills: 20, mostLines: 100 })
  testNetwork(dynamoDbTarget)
  testRestarts(makeRestartableDynamoDb())
})
