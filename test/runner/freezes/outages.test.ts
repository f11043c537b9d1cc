/** Processes that are frozen while their engine is away. */
import { describe } from "@effect/vitest"
import { describeWithEngine } from "../../layers/dynamodb/engine.ts"
import { makePostgresTarget } from "../../layers/faults/postgresTarget.ts"
import { crashed, lockedSqlite, unreachableDynamoDb } from "../stoppableStores.ts"
import { testFreezesInOutage } from "./testFreezes.ts"

const postgres = makePostgresTarget()

// They mostly wait.
describe.concurrent("an engine that is away", () => {
  testFreezesInOutage("a locked SQLite file", lockedSqlite)
  testFreezesInOutage("PostgreSQL that crashed and starts again", crashed(postgres))
})

describeWithEngine("an engine that cannot be reached", () => {
  testFreezesInOutage("DynamoDB that refuses connections", unreachableDynamoDb({ _tag: "Refuse" }))
}, { concurrent: true })
