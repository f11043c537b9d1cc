/**
 * A process of the version before, on a table that it made: what it writes, attribute by attribute. It knows of no workers and of
 * no lines of free tasks.
 */
import { CreateTableCommand, PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { createTableInput, tableDefinition } from "../../../src/layers/dynamodb/TableDefinition.ts"
import { partitionOf } from "../../../src/layers/dynamodb/TaskItem.ts"
import { bareClient, freshTable } from "./engine.ts"

/** As many partitions as the table has. */
const shards = 2

const newIndexes = new Set(["free", "byWorker"])
const newAttributes = new Set(["queue", "free", "place", "worker"])

const number = (value: number) => ({ N: String(value) })

const bare = Effect.acquireRelease(Effect.sync(bareClient), (client) => Effect.sync(() => client.destroy()))

/** Makes a table as the version before does, without a definition of the newer indexes. */
export const earlierTable = Effect.gen(function*() {
  const tableName = yield* freshTable
  const client = yield* bare
  const { AttributeDefinitions = [], GlobalSecondaryIndexes = [], ...table } = createTableInput(
    Result.getOrThrow(tableDefinition({ tableName }))
  )
  yield* Effect.promise(async () => {
    await client.send(
      new CreateTableCommand({
        ...table,
        AttributeDefinitions: AttributeDefinitions.filter(({ AttributeName = "" }) =>
          !newAttributes.has(AttributeName)
        ),
        GlobalSecondaryIndexes: GlobalSecondaryIndexes.filter(({ IndexName = "" }) => !newIndexes.has(IndexName))
      })
    )
    await client.send(
      new PutItemCommand({
        TableName: tableName,
        Item: {
          pk: { S: "settings" },
          sk: { S: "settings" },
          version: number(1),
          compatibleWith: number(1),
          shards: number(shards)
        }
      })
    )
  })
  return tableName
})

/** Gives what the version before does on a table. */
export const earlierProcess = Effect.fnUntraced(function*(tableName: string) {
  const client = yield* bare
  const update = (taskId: string, change: string, values: Record<string, { S: string } | { N: string }>) =>
    Effect.promise(() =>
      client.send(
        new UpdateItemCommand({
          TableName: tableName,
          Key: { pk: { S: `t#${taskId}` }, sk: { S: "task" } },
          UpdateExpression: `SET revision = revision + :one, w0 = :stamp, w1 = w0, w2 = w1, w3 = w2, ${change}`,
          ExpressionAttributeValues: { ":one": number(1), ":stamp": { S: "earlier" }, ...values }
        })
      )
    )
  return {
    create: (taskId: string, { lease, ...others }: { lease?: number; sessionId?: string; name?: string }) =>
      Effect.promise(() => {
        const now = Date.now()
        const partition = partitionOf(taskId, shards)
        const { name, sessionId } = others
        return client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: {
              pk: { S: `t#${taskId}` },
              sk: { S: "task" },
              taskId: { S: taskId },
              status: { S: "working" },
              createdAt: number(now),
              lastUpdatedAt: number(now),
              revision: number(1),
              incarnation: { S: "old" },
              attempt: number(0),
              partition: { S: partition },
              session: { S: sessionId === undefined ? `n#${partition}` : `s#${sessionId}` },
              active: { S: "working" },
              createdSecond: number(Math.ceil(now / 1000)),
              otherBytes: number(12),
              restBytes: number(12),
              w0: { S: "-" },
              w1: { S: "-" },
              w2: { S: "-" },
              w3: { S: "-" },
              originalMethod: { S: "\"tools/call\"" },
              ...(lease === undefined ? {} : { leaseExpiresAt: number(lease) }),
              ...(sessionId === undefined ? {} : { sessionId: { S: sessionId } }),
              ...(name === undefined ? {} : { name: { S: JSON.stringify(name) } })
            }
          })
        )
      }),
    claim: (taskId: string, attempt: number, until: number) =>
      update(taskId, "attempt = :attempt, leaseExpiresAt = :until, lastUpdatedAt = :now", {
        ":attempt": number(attempt),
        ":until": number(until),
        ":now": number(Date.now())
      }),
    release: (taskId: string) => update(taskId, "leaseExpiresAt = :zero", { ":zero": number(0) }),
    end: (taskId: string) =>
      Effect.promise(() =>
        client.send(
          new UpdateItemCommand({
            TableName: tableName,
            Key: { pk: { S: `t#${taskId}` }, sk: { S: "task" } },
            UpdateExpression: "SET revision = revision + :one, #s = :ended REMOVE active, leaseExpiresAt",
            ExpressionAttributeNames: { "#s": "status" },
            ExpressionAttributeValues: { ":one": number(1), ":ended": { S: "cancelled" } }
          })
        )
      )
  }
})
