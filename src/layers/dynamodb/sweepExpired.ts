/**
 * Finding what expired, by the index of expiry.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import { allOf, Expression } from "./Expression.ts"
import { makeIndexCursor, type PartitionQuery } from "./IndexCursor.ts"
import { indexes } from "./TableDefinition.ts"
import type { Item } from "./TaskItem.ts"

/** How many items are deleted side by side. */
const concurrency = 8

/**
 * Removes up to `limit` of what the index says has expired in these partitions, longest expired first. `remove` gives
 * what stands for an item that it removed, and `undefined` for one that is none or that is not expired after all.
 *
 * @since 0.1.0
 * @category combinators
 */
export const sweepExpired = Effect.fnUntraced(function*<Removed>(
  table: DynamoDbTable,
  partitions: ReadonlyArray<string>,
  now: number,
  limit: number,
  remove: (key: Item) => Effect.Effect<Removed | undefined, TaskDriverError>
): Effect.fn.Return<ReadonlyArray<Removed>, TaskDriverError> {
  const cursor = makeIndexCursor(
    table,
    partitions.map((partition): PartitionQuery => {
      const expression = new Expression()
      const isOfPartition = expression.compare("partition", "=", partition)
      return {
        IndexName: indexes.expiry.name,
        KeyConditionExpression: allOf(isOfPartition, expression.compare("expiresAt", "<=", now)),
        ...expression.maps
      }
    }),
    (left, right) => Number(left["expiresAt"]?.N) - Number(right["expiresAt"]?.N)
  )
  const removed: Array<Removed> = []
  while (removed.length < limit) {
    const entries = yield* cursor.next(limit - removed.length)
    if (entries.length === 0) break
    for (const one of yield* Effect.forEach(entries, remove, { concurrency })) {
      if (one !== undefined) removed.push(one)
    }
  }
  return removed
})
