/** The stream of a table, read as Lambda would get it: through the API itself, since its client is not installed. */
import { UpdateTableCommand } from "@aws-sdk/client-dynamodb"
import * as Effect from "effect/Effect"
import type * as DynamoDbTaskStorage from "../../../src/layers/DynamoDbTaskStorage.ts"
import { bareClient, connection } from "./engine.ts"

interface Shard {
  readonly ShardId: string
}

const call = async (operation: string, body: object): Promise<Record<string, unknown>> => {
  const { credentials, endpoint, region } = connection()
  const scope = `${credentials.accessKeyId}/20260101/${region}/dynamodb/aws4_request`
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDBStreams_20120810.${operation}`,
      // DynamoDB Local wants a signature to be there and does not look at it.
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`
    },
    body: JSON.stringify(body)
  })
  const answer: Record<string, unknown> = JSON.parse(await response.text())
  if (!response.ok) throw new Error(JSON.stringify(answer))
  return answer
}

const isRecords = (value: unknown): value is ReadonlyArray<DynamoDbTaskStorage.StreamRecord> => Array.isArray(value)

const isShards = (value: unknown): value is { readonly Shards: ReadonlyArray<Shard> } =>
  typeof value === "object" && value !== null && "Shards" in value

/** Has a table write its changes to a stream; gives what reads all of them. */
export const streamOf = (tableName: string) =>
  Effect.promise(async () => {
    const client = bareClient()
    const { TableDescription } = await client.send(
      new UpdateTableCommand({
        TableName: tableName,
        StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" }
      })
    )
    client.destroy()
    const StreamArn = TableDescription?.LatestStreamArn
    return async (): Promise<ReadonlyArray<DynamoDbTaskStorage.StreamRecord>> => {
      const records: Array<DynamoDbTaskStorage.StreamRecord> = []
      const { StreamDescription } = await call("DescribeStream", { StreamArn })
      for (const { ShardId } of isShards(StreamDescription) ? StreamDescription.Shards : []) {
        const position = { StreamArn, ShardId, ShardIteratorType: "TRIM_HORIZON" }
        let { ShardIterator } = await call("GetShardIterator", position)
        for (let reads = 0; reads < 20 && typeof ShardIterator === "string"; reads++) {
          const { NextShardIterator, Records } = await call("GetRecords", { ShardIterator })
          if (isRecords(Records)) records.push(...Records)
          ShardIterator = NextShardIterator
        }
      }
      return records
    }
  })
