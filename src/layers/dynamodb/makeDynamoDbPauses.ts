/**
 * Paused kinds of tasks in DynamoDB.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { type KindDriver, newsOfPauses } from "../../domain/driver/KindDriver.ts"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { unexpected } from "./DynamoDbRequests.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import { Expression } from "./Expression.ts"
import { allPauseItems, pauseItem, pauseKey, readPause } from "./PauseItem.ts"
import type { Item } from "./TaskItem.ts"
import { allWorkers } from "./WorkerItem.ts"
import { leaveNews } from "./WorkerNews.ts"

/** How many workers are told side by side. */
const concurrency = 16

/**
 * Makes the pauses of a driver.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeDynamoDbPauses = (table: DynamoDbTable, nextToken: () => string): KindDriver => {
  /** A worker that is registered after this read reads the pauses after that. */
  const tellAll = Effect.fnUntraced(function*(now: number): Effect.fn.Return<void, TaskDriverError> {
    let from: Item | undefined
    do {
      const expression = new Expression()
      const { Items = [], LastEvaluatedKey } = yield* table.query({
        KeyConditionExpression: expression.compare("pk", "=", allWorkers),
        FilterExpression: expression.isAbsent("diedAt"),
        ConsistentRead: true,
        ExclusiveStartKey: from,
        ...expression.maps
      })
      yield* Effect.forEach(
        Items,
        ({ sk }) => Effect.mapError(table.put(leaveNews(sk?.S ?? "", newsOfPauses, now).Put), unexpected),
        { concurrency, discard: true }
      )
      from = LastEvaluatedKey
    } while (from !== undefined)
  })

  return {
    pause: (pause) =>
      Effect.suspend(() => {
        const expression = new Expression()
        const ConditionExpression = expression.isAbsent("pk")
        return table.put({ Item: pauseItem(pause), ConditionExpression, ...expression.maps })
      }).pipe(
        Effect.catchTag("ConditionFailed", () => Effect.void),
        Effect.mapError(unexpected),
        Effect.andThen(tellAll(pause.pausedAt))
      ),

    resume: (kinds, now) =>
      Effect.suspend(() => {
        const expression = new Expression()
        const ConditionExpression = expression.exists("pk")
        // With a token it is made once, and answers the same, however often it is sent.
        return table.transact(
          [{ Delete: { Key: pauseKey(kinds), ConditionExpression, ...expression.maps } }],
          nextToken()
        )
      }).pipe(
        Effect.as(true),
        Effect.catch((error) =>
          error._tag === "TransactionRefused" ? Effect.succeed(false) : Effect.fail(unexpected(error))
        ),
        Effect.tap(() => tellAll(now))
      ),

    paused: () => Effect.flatMap(allPauseItems(table), (items) => table.decode(() => items.map(readPause)))
  }
}
