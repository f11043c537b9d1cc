/** A program that needs the client of DynamoDB. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { Layer } from "effect"
import * as DynamoDbTaskStorage from "mcp-task-storage/dynamodb"

export const layer = DynamoDbTaskStorage.layer({ tableName: "tasks", region: "eu-central-1" })

const client = new DynamoDBClient({ region: "eu-central-1" })
export const own = DynamoDbTaskStorage.layerClient({ tableName: "tasks" }).pipe(
  Layer.provide(Layer.succeed(DynamoDbTaskStorage.DynamoDbClient, client))
)

// @ts-expect-error: A table has a name.
export const wrong = DynamoDbTaskStorage.layer({ tableName: 1 })
