/**
 * What workers are told of tasks that they hold and others wrote: an item for each worker and task.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { unexpected } from "./DynamoDbRequests.ts"
import type { DynamoDbTable, TransactionWrite } from "./DynamoDbTable.ts"
import { Expression } from "./Expression.ts"
import { keyOf } from "./QueueHead.ts"
import { type Item, numeric, wholeSeconds } from "./TaskItem.ts"

/** Seconds: how long news stays that nobody takes, as its worker was removed at the same time. */
const longestStay = 604_800

/** How many entries one read gives. The next one gives the rest. */
const mostAtOnce = 1_000

/** As many as a transaction takes. */
const mostInTransaction = 100

/** How often entries are read when others take them at the same time. */
const rounds = 5

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
 * Takes the news of a worker: whoever deletes an entry has it. The entry may be written anew before it is deleted, of a write that
 * those who read the task from now on see.
 *
 * @since 0.2.0
 * @category readers
 */
export const takeNews = Effect.fnUntraced(function*(
  table: DynamoDbTable,
  workerId: string,
  nextToken: () => string
): Effect.fn.Return<ReadonlyArray<string>, TaskDriverError> {
  const taken: Array<string> = []
  for (let round = 0; round < rounds; round++) {
    const found = yield* Effect.result(takeRound(table, workerId, round > 0, nextToken))
    // What was taken before is deleted, and must be told. The rest is still there for the next time.
    if (Result.isFailure(found) && taken.length === 0) return yield* found.failure
    if (Result.isFailure(found)) break
    taken.push(...found.success.taken)
    if (!found.success.isLeft) break
  }
  return taken
})

/** Takes what one read gives. Some may be left, because others have taken them at the same time, or the engine has failed at them. */
const takeRound = Effect.fnUntraced(function*(
  table: DynamoDbTable,
  workerId: string,
  isConsistent: boolean,
  nextToken: () => string
): Effect.fn.Return<{ readonly taken: ReadonlyArray<string>; readonly isLeft: boolean }, TaskDriverError> {
  const expression = new Expression()
  const { Items = [] } = yield* table.query({
    KeyConditionExpression: expression.compare("pk", "=", newsOf(workerId)),
    // The cheaper read may give an entry once more that was just taken.
    ConsistentRead: isConsistent,
    Limit: mostAtOnce,
    ...expression.maps
  })
  const chunks: Array<ReadonlyArray<Item>> = []
  for (let start = 0; start < Items.length; start += mostInTransaction) {
    chunks.push(Items.slice(start, start + mostInTransaction))
  }
  const results = yield* Effect.forEach(
    chunks,
    (entries) => Effect.result(takeAll(table, entries, nextToken())),
    { concurrency: 4 }
  )
  const taken = results.flatMap((result) => Result.isSuccess(result) ? result.success ?? [] : [])
  const [failure] = results.flatMap((result) => Result.isFailure(result) ? [result.failure] : [])
  if (failure !== undefined && taken.length === 0) return yield* failure
  return { taken, isLeft: results.some((result) => Result.isFailure(result) || result.success === undefined) }
})

/** Gives nothing if somebody else has taken one of them. */
const takeAll = (
  table: DynamoDbTable,
  entries: ReadonlyArray<Item>,
  token: string
): Effect.Effect<ReadonlyArray<string> | undefined, TaskDriverError> => {
  const ids = entries.flatMap(({ sk }) => sk?.S ?? [])
  const removals = entries.map((entry): TransactionWrite => {
    const expression = new Expression()
    return { Delete: { Key: keyOf(entry), ConditionExpression: expression.exists("pk"), ...expression.maps } }
  })
  return Effect.as<ReadonlyArray<string> | undefined>(ids)(table.transact(removals, token)).pipe(
    Effect.catch((error) => {
      if (error._tag === "TransactionRefused") return Effect.succeed(undefined)
      const failure = unexpected(error)
      // They may be gone. To tell of them twice does no harm.
      return failure.applied === "unknown" ? Effect.succeed(ids) : Effect.fail(failure)
    })
  )
}

/**
 * Drops the news of a worker that is no more. Nobody is told of the rest, and it expires.
 *
 * @since 0.2.0
 * @category writers
 */
export const dropNews = (table: DynamoDbTable, workerId: string, nextToken: () => string): Effect.Effect<void> =>
  Effect.ignore(takeNews(table, workerId, nextToken))
