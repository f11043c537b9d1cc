/**
 * Counting all tasks, and finding them by the end of their ids. An index says which tasks there are. It holds no names, so that what
 * is counted is read from the table.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { type CountedTask, TallyCounter } from "../../domain/driver/TallyCounter.ts"
import type { EndingQuery, TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { TallyFailure } from "../../domain/driver/TaskTally.ts"
import { isVisible, type TaskScope } from "../../domain/driver/TaskWrite.ts"
import { firstIds } from "../../domain/operations/tallyTasks.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import { Expression } from "./Expression.ts"
import type { PartitionQuery } from "./IndexCursor.ts"
import { withPayloads } from "./Payloads.ts"
import { countedAttributes, identityAttributes, type Item, readCounted, readIdentity, taskKey } from "./TaskItem.ts"
import { listIndex, partitionQuery } from "./TaskLists.ts"

/** How many partitions are read at once, and how many failures. */
const atOnce = 8

/** How many ids one read of the table looks at. */
const idsAtOnce = 100

/**
 * Makes the primitives of a driver.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeDynamoDbTally = (
  table: DynamoDbTable,
  shards: number,
  find: TaskDriver["find"]
): Required<Pick<TaskDriver, "tally" | "findEnding">> => {
  const partitions = Array.from({ length: shards }, (_, index) => String(index))

  /** Reads the ids in the index, partition by partition. */
  const forEachPage = (
    scope: TaskScope,
    use: (ids: ReadonlyArray<string>) => Effect.Effect<void, TaskDriverError>
  ): Effect.Effect<void, TaskDriverError> =>
    Effect.forEach(
      listIndex(scope, undefined, partitions),
      (keys) => {
        const query = idsOf(partitionQuery(keys, scope.now))
        const readOn = (from: Item | undefined): Effect.Effect<void, TaskDriverError> =>
          Effect.flatMap(table.query({ ...query, ExclusiveStartKey: from }), ({ Items = [], LastEvaluatedKey }) =>
            Effect.andThen(
              use(Items.map((item) =>
                item["taskId"]?.S ?? ""
              )),
              LastEvaluatedKey === undefined ? Effect.void : readOn(LastEvaluatedKey)
            ))
        return readOn(undefined)
      },
      { concurrency: atOnce, discard: true }
    )

  /** Reads what is counted of a task whose method may lie in parts. A task that has changed meanwhile is read as it is then. */
  const readOne = (item: Item, scope: TaskScope): Effect.Effect<CountedTask | undefined, TaskDriverError> =>
    Effect.flatMap(
      withPayloads(table, item, ["originalMethod"]),
      (whole) =>
        whole === undefined
          ? find(item["taskId"]?.S ?? "", scope)
          : table.decode(() => isVisible(readIdentity(whole), scope) ? readCounted(whole) : undefined)
    )

  return {
    tally: Effect.fnUntraced(function*(query) {
      const { scope } = query
      const counter = new TallyCounter<CountedTask>(query)
      yield* forEachPage(scope, (ids) =>
        // What is counted may change at any time, so the cheaper read is enough.
        Effect.flatMap(
          table.getAll(ids.map(taskKey), { attributes: countedAttributes, isConsistent: false }),
          Effect.forEach((item) =>
            Effect.map(readOne(item, scope), (task) => {
              if (task !== undefined) counter.add(task)
            }), { discard: true })
        ))
      const failures = yield* Effect.forEach(
        counter.failed,
        ({ taskId }) => find(taskId, scope),
        { concurrency: atOnce }
      )
      return {
        groups: counter.groups,
        waitingSince: counter.waitingSince,
        failures: failures.flatMap((task): ReadonlyArray<TallyFailure> => task === undefined ? [] : [task])
      }
    }),

    findEnding: Effect.fnUntraced(function*({ ending, limit, scope }: EndingQuery) {
      const listed = new Set<string>()
      yield* forEachPage(scope, (ids) =>
        Effect.sync(() => {
          for (const id of ids) if (id.endsWith(ending)) listed.add(id)
        }))
      const ids = firstIds(listed, Infinity)
      const found: Array<string> = []
      for (let start = 0; start < ids.length && found.length < limit; start += idsAtOnce) {
        const items = yield* table.getAll(ids.slice(start, start + idsAtOnce).map(taskKey), {
          attributes: identityAttributes
        })
        found.push(
          ...(yield* table.decode(() =>
            items.map(readIdentity).filter((task) => isVisible(task, scope)).map(({ taskId }) => taskId)
          ))
        )
      }
      return firstIds(found, limit)
    })
  }
}

/** A query that transfers nothing but ids. */
const idsOf = (query: PartitionQuery): PartitionQuery => {
  const expression = new Expression()
  const ProjectionExpression = expression.projection(["taskId"])
  return {
    ...query,
    ProjectionExpression,
    ExpressionAttributeNames: { ...query.ExpressionAttributeNames, ...expression.maps.ExpressionAttributeNames }
  }
}
