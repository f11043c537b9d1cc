/**
 * How a pause lies in its item. All are in one partition, so that one read gives them.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { StoredKinds, StoredPause } from "../../domain/driver/KindDriver.ts"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import { Expression } from "./Expression.ts"
import { kindKey, methodKey, methodKeyOf } from "./FreeLine.ts"
import { type Item, numeric, readInteger, readJson } from "./TaskItem.ts"

const allPauses = "pauses"

/**
 * @since 0.2.0
 * @category keys
 */
export const pauseKey = ({ name, originalMethod }: StoredKinds) => ({
  pk: { S: allPauses },
  sk: { S: name === undefined ? methodKey(originalMethod) : kindKey({ originalMethod, name }) }
})

/**
 * @since 0.2.0
 * @category writers
 */
export const pauseItem = (pause: StoredPause): Item => ({
  ...pauseKey(pause),
  originalMethod: { S: pause.originalMethod.text },
  ...(pause.name === undefined || pause.name === null ? {} : { name: { S: pause.name.text } }),
  everyName: { BOOL: pause.name === undefined },
  pausedAt: numeric(pause.pausedAt)
})

/**
 * Throws a `CorruptItem`.
 *
 * @since 0.2.0
 * @category readers
 */
export const readPause = (item: Item): StoredPause => ({
  originalMethod: readJson(item, "originalMethod"),
  name: item["everyName"]?.BOOL === true
    ? undefined
    : item["name"] === undefined
    ? null
    : readJson(item, "name"),
  pausedAt: readInteger(item, "pausedAt")
})

/**
 * Reads the items of all pauses.
 *
 * @since 0.2.0
 * @category readers
 */
export const allPauseItems = Effect.fnUntraced(function*(
  table: DynamoDbTable
): Effect.fn.Return<ReadonlyArray<Item>, TaskDriverError> {
  const items: Array<Item> = []
  let from: Item | undefined
  do {
    const expression = new Expression()
    const { Items = [], LastEvaluatedKey } = yield* table.query({
      KeyConditionExpression: expression.compare("pk", "=", allPauses),
      ConsistentRead: true,
      ExclusiveStartKey: from,
      ...expression.maps
    })
    items.push(...Items)
    from = LastEvaluatedKey
  } while (from !== undefined)
  return items
})

/**
 * Reads the pauses, and gives a function that tells of the key of a kind whether it is paused.
 *
 * @since 0.2.0
 * @category readers
 */
export const readPaused = (table: DynamoDbTable): Effect.Effect<(kind: string) => boolean, TaskDriverError> =>
  Effect.map(allPauseItems(table), (items) => {
    const keys = new Set(items.map(({ sk }) => sk?.S ?? ""))
    return (kind) => keys.has(kind) || keys.has(methodKeyOf(kind))
  })
