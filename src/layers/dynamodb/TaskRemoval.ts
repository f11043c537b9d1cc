/**
 * Deleting tasks, with all that belongs to them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { isVisible } from "../../domain/driver/TaskWrite.ts"
import { holderOf, isExpired, type StoredTask, type TaskVersion } from "../../domain/task/StoredTask.ts"
import { counterKinds, counterWrites, isCountedBy } from "./Counters.ts"
import { unexpected } from "./DynamoDbRequests.ts"
import type { DynamoDbTable, TransactionWrite } from "./DynamoDbTable.ts"
import { allOf, Expression } from "./Expression.ts"
import { partKeys } from "./Payloads.ts"
import { clearTaken, findHead, type QueueHead, takeAll } from "./QueueHead.ts"
import { inScope, isVersion, isWithoutHolder, standsAlone } from "./TaskConditions.ts"
import { type Item, readIdentity, taskKey } from "./TaskItem.ts"
import { newsFor } from "./WorkerNews.ts"

/** What is written when all that belongs to a task goes with it: its parts, and its place in the counts. */
const removeBelongings = (item: Item): ReadonlyArray<TransactionWrite> => [
  ...partKeys(item).map((Key): TransactionWrite => ({ Delete: { Key } })),
  ...counterKinds.filter((kind) => isCountedBy(kind, item)).flatMap((kind) =>
    counterWrites(kind, { removed: { sessionId: item["sessionId"]?.S ?? null } }).map(({ write }) => write)
  )
]

/**
 * Makes the deletions of a driver.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTaskRemoval = (
  table: DynamoDbTable,
  nextToken: () => string
): Pick<TaskDriver, "remove"> & {
  /** Deletes a task if it is expired; tells whether there was one. */
  readonly removeIfExpired: (taskId: string, now: number) => Effect.Effect<boolean, TaskDriverError>
} => {
  /** Deletes a task with the messages that were read of, in one transaction; `undefined` when anything of it has changed. */
  const removeWith = (
    taskId: string,
    condition: (expression: Expression) => string,
    belongings: ReadonlyArray<TransactionWrite>,
    head: QueueHead | undefined
  ): Effect.Effect<Removed | undefined, TaskDriverError> =>
    Effect.suspend(() =>
      table.transact([removal(taskId, condition), ...belongings, takeAll(taskId, head)], nextToken())
    ).pipe(
      Effect.andThen(head === undefined ? Effect.void : clearTaken(table, taskId, head)),
      Effect.as<Removed | undefined>(gone),
      Effect.catch((error) =>
        error._tag === "TransactionRefused" ? Effect.succeed(undefined) : Effect.fail(unexpected(error))
      )
    )

  /** Deletes the very task that was read, with all that belongs to it. */
  const removeExactly = (
    item: Item,
    task: TaskVersion & Pick<StoredTask, "taskId">,
    news: (item: Item) => ReadonlyArray<TransactionWrite>
  ) =>
    Effect.flatMap(
      table.decode(() => [...removeBelongings(item), ...news(item)]),
      (belongings) =>
        Effect.flatMap(
          findHead(table, task.taskId),
          (head) => removeWith(task.taskId, (expression) => isVersion(expression, task), belongings, head)
        )
    )

  /** Goes on with the item that was not deleted, since it may not be or since more has to be deleted with it. */
  const refused = (
    item: Item | undefined,
    mayGo: (task: ReturnType<typeof readIdentity>) => boolean,
    news: (item: Item) => ReadonlyArray<TransactionWrite>
  ): Effect.Effect<Removed | undefined, TaskDriverError> =>
    item === undefined
      ? Effect.succeed(notThere)
      : Effect.flatMap(
        table.decode(() => readIdentity(item)),
        (task) => mayGo(task) ? removeExactly(item, task, news) : Effect.succeed(notThere)
      )

  return {
    // A transaction, since a deletion leaves nothing behind by which it could recognise itself when it arrives twice.
    remove: (taskId, scope) => {
      const isAlone = (expression: Expression) =>
        allOf(inScope(expression, scope), standsAlone(expression), isWithoutHolder(expression))
      const newsOf = (item: Item) => newsFor(holderIn(item), taskId, scope.now)
      const once = Effect.suspend(() =>
        table.transact([removal(taskId, isAlone), takeAll(taskId, undefined)], nextToken())
      ).pipe(
        Effect.as<Removed | undefined>(gone),
        Effect.catch((error) => {
          if (error._tag !== "TransactionRefused") return Effect.fail(unexpected(error))
          const [task] = error.refusals
          return task === undefined
            ? Effect.flatMap(findHead(table, taskId), (head) => removeWith(taskId, isAlone, [], head))
            : refused(task.item, (task) => isVisible(task, scope), newsOf)
        })
      )
      return Effect.map(table.untilSettled(once), ({ was }) => was)
    },

    // A message that comes after the end of the task is one of an id that is no task, and stays. So nothing has to hold the
    // queue while the task goes, and a task without messages takes no transaction.
    removeIfExpired: (taskId, now) => {
      const isAlone = (expression: Expression) =>
        allOf(expression.compare("expiresAt", "<=", now), standsAlone(expression))
      const removeAlone = Effect.suspend(() => table.remove(removal(taskId, isAlone).Delete)).pipe(
        Effect.as<Removed | undefined>(gone),
        Effect.catch((error) =>
          error._tag === "ConditionFailed"
            ? refused(error.item, (task) => isExpired(task, now), noNews)
            : Effect.fail(unexpected(error))
        )
      )
      const removeFound = Effect.flatMap(
        table.get(taskKey(taskId)),
        (item) => refused(item, (task) => isExpired(task, now), noNews)
      )
      const once = Effect.flatMap(
        findHead(table, taskId),
        (head) => head === undefined ? removeAlone : removeFound
      )
      return Effect.map(table.untilSettled(once), ({ was }) => was)
    }
  }
}

interface Removed {
  readonly was: boolean
}

const holderIn = (item: Item): string | null =>
  holderOf({ leaseExpiresAt: Number(item["leaseExpiresAt"]?.N), worker: item["worker"]?.S ?? null })

/** The holder of a task knows when it expires. */
const noNews = () => []

const gone: Removed = { was: true }
const notThere: Removed = { was: false }

const removal = (taskId: string, condition: (expression: Expression) => string) => {
  const expression = new Expression()
  return { Delete: { Key: taskKey(taskId), ConditionExpression: condition(expression), ...expression.maps } }
}
