/** Servers on one store that are killed and started again while they run tasks, on each engine that they can share. */
import { describe } from "@effect/vitest"
import { describeWithEngine } from "../../layers/dynamodb/engine.ts"
import { dynamoDbTarget } from "../../layers/faults/dynamoDbTarget.ts"
import { makePostgresTarget } from "../../layers/faults/postgresTarget.ts"
import { sqliteTarget } from "../../layers/faults/sqliteTarget.ts"
import { testChaos } from "./testChaos.ts"

// Their servers mostly wait, for work and for leases.
describe.concurrent("chaos", () => {
  testChaos(sqliteTarget)
  testChaos(makePostgresTarget())
  describeWithEngine("DynamoDB Local", () => testChaos(dynamoDbTarget))
})
