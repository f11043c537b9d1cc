/** Servers on one DynamoDB table that are killed and started again while they run tasks. */
import { describeWithEngine } from "../../layers/dynamodb/engine.ts"
import { dynamoDbTarget } from "../../layers/faults/dynamoDbTarget.ts"
import { testChaos } from "./testChaos.ts"

// The engine for tests is slow, and a pile of what it has not done yet would only be waited for.
describeWithEngine("DynamoDB Local", () => testChaos(dynamoDbTarget, 20))
