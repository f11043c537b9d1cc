/**
 * Reading index partitions as if they were one.
 *
 * @since 0.1.0
 */
import type { QueryCommandInput } from "@aws-sdk/client-dynamodb"
import * as Effect from "effect/Effect"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import type { Item } from "./TaskItem.ts"

/**
 * A query on one partition of an index.
 *
 * @since 0.1.0
 * @category models
 */
export type PartitionQuery = Omit<QueryCommandInput, "TableName" | "Limit">

/** A small read costs as much as one of so many entries. */
const leastEntries = 25

const mostEntries = 1_000

/** One partition: what was read of it and not given yet, and where to go on. */
interface Source {
  readonly query: PartitionQuery
  entries: Array<Item>
  from: Item | undefined
  isExhausted: boolean
}

/**
 * Gives the entries of all partitions in their common order, `next(count)` at a time: fewer only at the end. A partition
 * is read on when nothing of it is left, and all such at the same time.
 *
 * @since 0.1.0
 * @category models
 */
export interface IndexCursor {
  readonly next: (count: number) => Effect.Effect<ReadonlyArray<Item>, TaskDriverError>
}

/**
 * Makes a cursor over partitions that each come in the order of `compare`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeIndexCursor = (
  table: DynamoDbTable,
  queries: ReadonlyArray<PartitionQuery>,
  compare: (left: Item, right: Item) => number
): IndexCursor => {
  const sources = queries.map((query): Source => ({
    query,
    entries: [],
    from: query.ExclusiveStartKey,
    isExhausted: false
  }))

  const readOn = (source: Source, count: number): Effect.Effect<void, TaskDriverError> => {
    const Limit = Math.min(mostEntries, Math.max(leastEntries, Math.ceil(1.5 * count / sources.length)))
    return Effect.flatMap(
      table.query({ ...source.query, Limit, ExclusiveStartKey: source.from }),
      ({ Items = [], LastEvaluatedKey }) => {
        source.entries = Items
        source.from = LastEvaluatedKey
        source.isExhausted = LastEvaluatedKey === undefined
        // A filter may have left nothing of what was read.
        return Items.length > 0 || source.isExhausted ? Effect.void : readOn(source, count)
      }
    )
  }

  return {
    next: Effect.fnUntraced(function*(count) {
      const taken: Array<Item> = []
      while (taken.length < count) {
        const empty = sources.filter(({ entries, isExhausted }) => entries.length === 0 && !isExhausted)
        if (empty.length > 0) {
          yield* Effect.forEach(empty, (source) => readOn(source, count), { concurrency: "unbounded", discard: true })
        }
        const first = firstOf(sources, compare)
        if (first === undefined) break
        taken.push(first)
      }
      return taken
    })
  }
}

/** Takes the first entry of all. */
const firstOf = (sources: ReadonlyArray<Source>, compare: (left: Item, right: Item) => number): Item | undefined => {
  let first: Source | undefined
  for (const source of sources) {
    const [entry] = source.entries
    const [best] = first?.entries ?? []
    if (entry !== undefined && (best === undefined || compare(entry, best) < 0)) first = source
  }
  return first?.entries.shift()
}

/**
 * Orders entries by a number and then by the UTF-8 bytes of the task's id, as DynamoDB does within a partition.
 *
 * @since 0.1.0
 * @category ordering
 */
export const orderedBy =
  (number: "createdAt" | "lastUpdatedAt" | "leaseExpiresAt") => (left: Item, right: Item): number =>
    Number(left[number]?.N) - Number(right[number]?.N) ||
    Buffer.compare(Buffer.from(left["taskId"]?.S ?? ""), Buffer.from(right["taskId"]?.S ?? ""))

/**
 * Counts the entries of a partition.
 *
 * @since 0.1.0
 * @category combinators
 */
export const countEntries = (
  table: DynamoDbTable,
  query: PartitionQuery,
  from?: Item
): Effect.Effect<number, TaskDriverError> =>
  Effect.flatMap(
    table.query({ ...query, Select: "COUNT", ExclusiveStartKey: from }),
    ({ Count = 0, LastEvaluatedKey }) =>
      LastEvaluatedKey === undefined
        ? Effect.succeed(Count)
        : Effect.map(countEntries(table, query, LastEvaluatedKey), (rest) => Count + rest)
  )
