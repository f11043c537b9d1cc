/**
 * What workers are told of tasks that they hold and others wrote: an item for each worker and task.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriverError } from "../../domain/TaskDriver.ts"
import type { DynamoDbTable, TransactionWrite } from "./DynamoDbTable.ts"
import { Expression } from "./Expression.ts"
import { keyOf } from "./QueueHead.ts"
import { type Item, numeric, wholeSeconds } from "./TaskItem.ts"

/** Seconds: how long news stays that nobody takes, as its worker was removed at the same time. */
const longestStay = 604_800

/** How many entries one read gives. The next one gives the rest. */
const mostAtOnce = 1_000

/** How many entries are deleted side by side. */
const concurrency = 8

const newsOf = (workerId: string) => `news#${workerId}`

/**
 * Leaves news of a task, which has been written or deleted at `now`, for a worker.
 *
 * @since 0.2.0
 * @category writers
 */
export const leaveNews = (
  workerId: string,
  taskId: string,
  now: number
): { readonly Put: { readonly Item: Item } } => ({
  Put: {
    Item: { pk: { S: newsOf(workerId) }, sk: { S: taskId }, purgeAt: numeric(wholeSeconds(now) + longestStay) }
  }
})

/**
 * The same as a write of a transaction, if there is a worker to tell.
 *
 * @since 0.2.0
 * @category writers
 */
export const newsFor = (workerId: string | null, taskId: string, now: number): ReadonlyArray<TransactionWrite> =>
  workerId === null ? [] : [leaveNews(workerId, taskId, now)]

/**
 * Takes the news of a worker. It may be given once more if an entry cannot be deleted, or is read from a replica that does not
 * know that it was.
 *
 * @since 0.2.0
 * @category readers
 */
export const takeNews = (
  table: DynamoDbTable,
  workerId: string
): Effect.Effect<ReadonlyArray<string>, TaskDriverError> => {
  const expression = new Expression()
  return Effect.flatMap(
    table.query({
      KeyConditionExpression: expression.compare("pk", "=", newsOf(workerId)),
      Limit: mostAtOnce,
      ...expression.maps
    }),
    ({ Items = [] }) =>
      Effect.as(
        // The same entry may be written anew before it is deleted: of a write that whoever reads the task now sees.
        Effect.forEach(Items, (item) => Effect.ignore(table.remove({ Key: keyOf(item) })), {
          concurrency,
          discard: true
        }),
        Items.flatMap(({ sk }) => sk?.S ?? [])
      )
  )
}

/**
 * Drops the news of a worker that is no more. Nobody is told of the rest, and it expires.
 *
 * @since 0.2.0
 * @category writers
 */
export const dropNews = (table: DynamoDbTable, workerId: string): Effect.Effect<void> =>
  Effect.ignore(takeNews(table, workerId))
