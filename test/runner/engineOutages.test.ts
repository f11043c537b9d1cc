/** Runners whose engine is locked, stopped and started again, or not to be reached. */
import { describe } from "@effect/vitest"
import { describeWithEngine } from "../layers/dynamodb/engine.ts"
import { makePostgresTarget } from "../layers/faults/postgresTarget.ts"
import { crashed, lockedSqlite, unreachableDynamoDb } from "./stoppableStores.ts"
import { testEngineOutages } from "./testEngineOutages.ts"

const postgres = makePostgresTarget()

// They mostly wait.
describe.concurrent("an engine that is away", () => {
  testEngineOutages("a locked SQLite file", lockedSqlite)
  testEngineOutages("PostgreSQL that crashed and starts again", crashed(postgres))
})

describeWithEngine("an engine that cannot be reached", () => {
  testEngineOutages("DynamoDB that refuses connections", unreachableDynamoDb({ _tag: "Refuse" }))
  testEngineOutages("DynamoDB whose connections hang", unreachableDynamoDb({ _tag: "Drop" }))
}, { concurrent: true })
