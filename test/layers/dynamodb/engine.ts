/**
 * DynamoDB Local, in memory, which the test files share. Each makes tables of its own.
 *
 * It needs Java 17. Without it the tests are reported as not run, unless MCP_TASK_STORAGE_REQUIRE_ENGINES says that they
 * must be.
 */
import { DeleteTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { beforeAll, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import { portOf } from "../../support/engines/portOf.ts"
import { shared } from "../../support/engines/shared.ts"
import { connectionAt } from "./startDynamoDb.ts"

const canRun = await shared("hasJava") === "true"

if (!canRun && process.env["MCP_TASK_STORAGE_REQUIRE_ENGINES"] === "1") {
  throw new Error("MCP_TASK_STORAGE_REQUIRE_ENGINES is set, and DynamoDB Local needs Java 17, which is not there")
}
if (!canRun) console.warn("NOT RUN: the tests of DynamoDB need Java 17, and there is none")

let port = 0

/** What a client needs in order to reach the engine. */
export const connection = () => connectionAt(port)

/** A client of the tests themselves. */
export const bareClient = (): DynamoDBClient => new DynamoDBClient({ ...connection(), maxAttempts: 1 })

/** Tests with the engine running. Those that mostly wait, each on a table of its own, are `concurrent`. */
export const describeWithEngine = (
  name: string,
  tests: () => void,
  options: { readonly concurrent?: boolean } = {}
): void => {
  if (!canRun) {
    // Where they must run, the file has failed above.
    describe.skip(name, tests)
    return
  }
  describe(name, options, () => {
    beforeAll(async () => {
      port = await Effect.runPromise(portOf("dynamodb"))
    })
    tests()
  })
}

/** The name of a table that is not there yet; it is gone when the scope closes. */
export const freshTable: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => `tasks-${randomUUID()}`),
  (tableName) =>
    Effect.promise(async () => {
      const client = bareClient()
      // It may not have been made at all.
      await client.send(new DeleteTableCommand({ TableName: tableName })).catch(() => undefined)
      client.destroy()
    })
)
