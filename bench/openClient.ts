/**
 * Clients of DynamoDB Local.
 */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { connectionAt } from "../test/layers/dynamodb/startDynamoDb.ts"

export type Connection = ReturnType<typeof connectionAt>

/** Makes a client of the SDK that does not retry, as the library makes one; until the scope closes. */
export const openClient = (connection: Connection): Effect.Effect<DynamoDBClient, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new DynamoDBClient({ ...connection, maxAttempts: 1 })),
    (client) => Effect.sync(() => client.destroy())
  )
