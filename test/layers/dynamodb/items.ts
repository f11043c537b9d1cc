/** What really lies in a table. */
import {
  type AttributeValue,
  BatchWriteItemCommand,
  DeleteItemCommand,
  paginateScan,
  PutItemCommand
} from "@aws-sdk/client-dynamodb"
import * as Effect from "effect/Effect"
import { bareClient } from "./engine.ts"

/** Gives every item of a table. */
export const itemsOf = (tableName: string): Effect.Effect<ReadonlyArray<Record<string, AttributeValue>>> =>
  Effect.promise(async () => {
    const client = bareClient()
    const items: Array<Record<string, AttributeValue>> = []
    for await (const page of paginateScan({ client }, { TableName: tableName, ConsistentRead: true })) {
      items.push(...page.Items ?? [])
    }
    client.destroy()
    return items
  })

/** Gives the parts of payloads that lie in a table. */
export const partsOf = (tableName: string) =>
  Effect.map(itemsOf(tableName), (items) => items.filter(({ sk }) => sk?.S?.startsWith("part#")))

/** Gives the item of a task. */
export const taskItemOf = (tableName: string, taskId: string) =>
  Effect.map(itemsOf(tableName), (items) => items.find(({ pk, sk }) => pk?.S === `t#${taskId}` && sk?.S === "task"))

/** Deletes an item behind the back of the library. */
export const deleteItem = (tableName: string, { pk, sk }: Record<string, AttributeValue>) =>
  Effect.promise(async () => {
    const client = bareClient()
    await client.send(new DeleteItemCommand({ TableName: tableName, Key: Object.fromEntries(keyOf(pk, sk)) }))
    client.destroy()
  })

/** Puts an item behind the back of the library. */
export const putItem = (tableName: string, Item: Record<string, AttributeValue>) =>
  Effect.promise(async () => {
    const client = bareClient()
    await client.send(new PutItemCommand({ TableName: tableName, Item }))
    client.destroy()
  })

/** Puts many items. */
export const putItems = (tableName: string, items: ReadonlyArray<Record<string, AttributeValue>>) =>
  Effect.promise(async () => {
    const client = bareClient()
    for (let first = 0; first < items.length; first += 25) {
      const requests = items.slice(first, first + 25).map((Item) => ({ PutRequest: { Item } }))
      await client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: requests } }))
    }
    client.destroy()
  })

const keyOf = (
  pk: AttributeValue | undefined,
  sk: AttributeValue | undefined
): ReadonlyArray<readonly [string, AttributeValue]> =>
  pk === undefined || sk === undefined ? [] : [["pk", pk], ["sk", sk]]
