/**
 * Registered workers in DynamoDB.
 *
 * What a worker holds is known from an index, which follows the table after a moment. So dead workers are looked at again later.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { Renewal, StoredWorker, WorkerDriver } from "../../domain/driver/WorkerDriver.ts"
import { heldByWorker } from "../../domain/task/StoredTask.ts"
import { taskIdOf } from "./DueTasks.ts"
import { unexpected } from "./DynamoDbRequests.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import { allOf, Expression } from "./Expression.ts"
import { placeOf, waitingLine } from "./FreeLine.ts"
import { countEntries, makeIndexCursor } from "./IndexCursor.ts"
import { LateLooks } from "./LateLooks.ts"
import { nextRevision } from "./nextRevision.ts"
import { sweepExpired } from "./sweepExpired.ts"
import { indexes } from "./TableDefinition.ts"
import { hasStamp, type Item, queueOf, taskKey } from "./TaskItem.ts"
import { allWorkers, readDead, readWorker, workerItem, workerKey, workersThat } from "./WorkerItem.ts"
import { dropNews, takeNews } from "./WorkerNews.ts"

/** How many tasks are released, or workers looked at, side by side. */
const concurrency = 16

/**
 * Makes the workers of a driver.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeDynamoDbWorkers = (
  table: DynamoDbTable,
  shards: number,
  nextToken: () => string
): WorkerDriver => {
  /** Ends the hold of a worker on a task; tells whether it held it. */
  const releaseTask = (workerId: string, taskId: string, leaseExpiresAt: number) => {
    const stamp = nextToken()
    const releaseInto = (line: (expression: Expression) => string) =>
      Effect.suspend(() => {
        const expression = new Expression()
        const set = [
          ...nextRevision(expression, stamp),
          `${expression.name("leaseExpiresAt")} = ${expression.number(leaseExpiresAt)}`,
          `${expression.name("queue")} = ${expression.text(queueOf(taskId, shards))}`,
          `${expression.name("free")} = ${line(expression)}`,
          `${expression.name("place")} = ${expression.text(placeOf(leaseExpiresAt, taskId))}`
        ]
        return table.update({
          Key: taskKey(taskId),
          UpdateExpression: `SET ${set.join(", ")} REMOVE ${expression.name("dueAt")}`,
          ConditionExpression: isHeldBy(expression, workerId),
          ...expression.maps
        })
      })
    return releaseInto((expression) => expression.name("line")).pipe(
      // A task of a version before has no line yet. It gets one when it is moved.
      Effect.catchTag("RequestInvalid", () => releaseInto((expression) => expression.text(waitingLine))),
      Effect.as(true),
      Effect.catch((error) =>
        error._tag === "ConditionFailed"
          ? Effect.succeed(error.item !== undefined && hasStamp(error.item, stamp))
          : Effect.fail(unexpected(error))
      )
    )
  }

  /** Ends the hold of a worker on up to so many tasks; gives how many. */
  const releaseOf = Effect.fnUntraced(function*(workerId: string, leaseExpiresAt: number, limit: number) {
    const cursor = makeIndexCursor(table, [heldQuery(workerId)], () => 0)
    let released = 0
    while (released < limit) {
      const entries = yield* cursor.next(limit - released)
      if (entries.length === 0) break
      const held = yield* Effect.forEach(
        entries,
        (entry) => releaseTask(workerId, taskIdOf(entry), leaseExpiresAt),
        { concurrency }
      )
      released += held.filter((was) => was).length
    }
    return released
  })

  const looks = new LateLooks()

  /** Ends the hold of all workers that are dead on up to so many tasks; gives how many. */
  const releaseDead = Effect.fnUntraced(function*(now: number, limit: number) {
    const entries = yield* makeIndexCursor(table, [diedQuery()], () => 0).next(Number.MAX_SAFE_INTEGER)
    const dead = yield* table.decode(() => entries.map(readDead))
    looks.forgetOthers(dead)
    let released = 0
    for (const worker of dead) {
      if (!looks.isDue(worker, now)) continue
      released += yield* releaseOf(worker.workerId, now, limit - released)
      if (released >= limit) break
      looks.foundNothingMore(worker, now)
    }
    return released
  })

  /** Declares a living worker dead on further conditions; tells whether it did. */
  const declareOne = (
    workerId: string,
    at: number,
    conditions: (expression: Expression) => ReadonlyArray<string> = () => []
  ) => {
    const stamp = nextToken()
    return Effect.suspend(() => {
      const expression = new Expression()
      const time = expression.number(at)
      const set = [
        `${expression.name("diedAt")} = ${time}`,
        `${expression.name("expiresAt")} = ${time}`,
        `${expression.name("partition")} = ${expression.text(workersThat.died)}`,
        `${expression.name("declaration")} = ${expression.text(stamp)}`
      ]
      return table.update({
        Key: workerKey(workerId),
        UpdateExpression: `SET ${set.join(", ")}`,
        ConditionExpression: allOf(isAlive(expression), ...conditions(expression)),
        ...expression.maps
      })
    }).pipe(
      Effect.as(true),
      Effect.catch((error) =>
        error._tag === "ConditionFailed"
          // The declaration has arrived twice, or the worker has renewed its lease.
          ? Effect.succeed(error.item?.["declaration"]?.S === stamp)
          : Effect.fail(unexpected(error))
      )
    )
  }

  /** Deletes an item of a worker if the condition holds; tells whether it is gone. */
  const removeIf = (Key: Item, condition: (expression: Expression) => string) =>
    Effect.suspend(() => {
      const expression = new Expression()
      return table.remove({ Key, ConditionExpression: condition(expression), ...expression.maps })
    }).pipe(
      Effect.as(true),
      Effect.catch((error) =>
        error._tag === "ConditionFailed"
          ? Effect.succeed(error.item === undefined)
          : Effect.fail(unexpected(error))
      )
    )

  const holdsNone = (workerId: string) =>
    Effect.map(table.query({ ...heldQuery(workerId), Limit: 1 }), ({ Items = [] }) => Items.length === 0)

  return {
    insert: (worker) => {
      const expression = new Expression()
      const ConditionExpression = expression.isAbsent("pk")
      return table.put({ Item: workerItem(worker), ConditionExpression, ...expression.maps }).pipe(
        // The insert has arrived twice.
        Effect.catchTag("ConditionFailed", () => Effect.void),
        Effect.mapError(unexpected)
      )
    },

    renew: (workerId, leaseExpiresAt) =>
      Effect.suspend(() => {
        const expression = new Expression()
        const until = expression.number(leaseExpiresAt)
        return table.updateTimed({
          Key: workerKey(workerId),
          UpdateExpression: `SET ${expression.name("leaseExpiresAt")} = ${until}, ${
            expression.name("expiresAt")
          } = ${until}`,
          ConditionExpression: isAlive(expression),
          ...expression.maps
        })
      }).pipe(
        Effect.flatMap(({ engineTime, item }) =>
          table.decode((): Renewal => ({
            worker: readWorker(item),
            ...(engineTime === undefined ? {} : { engineTime })
          }))
        ),
        Effect.catch((error) =>
          error._tag === "ConditionFailed"
            ? Effect.succeed<Renewal>({ worker: undefined })
            : Effect.fail(unexpected(error))
        )
      ),

    find: (workerId) =>
      Effect.flatMap(
        table.get(workerKey(workerId)),
        (item) => table.decode(() => item === undefined ? undefined : readWorker(item))
      ),

    declareDead: ({ at, except, expiredBy, limit }) =>
      sweepExpired(table, [workersThat.live], expiredBy, limit, ({ sk }) => {
        const workerId = sk?.S ?? ""
        if (workerId === except) return Effect.succeed(undefined)
        return Effect.map(
          declareOne(workerId, at, (expression) => [expression.compare("leaseExpiresAt", "<=", expiredBy)]),
          (isDead) => isDead ? workerId : undefined
        )
      }),

    end: (workerId, at) => Effect.asVoid(declareOne(workerId, at)),

    release: ({ leaseExpiresAt, limit, workerId }) =>
      workerId === undefined ? releaseDead(leaseExpiresAt, limit) : releaseOf(workerId, leaseExpiresAt, limit),

    list: ({ behind, limit }) =>
      Effect.gen(function*() {
        const workers: Array<StoredWorker> = []
        let from: Item | undefined
        do {
          const expression = new Expression()
          const keys = [expression.compare("pk", "=", allWorkers)]
          if (behind !== undefined) keys.push(expression.compare("sk", ">", behind))
          const { Items = [], LastEvaluatedKey } = yield* table.query({
            KeyConditionExpression: allOf(...keys),
            ConsistentRead: true,
            Limit: limit - workers.length,
            ExclusiveStartKey: from,
            ...expression.maps
          })
          workers.push(...(yield* table.decode(() => Items.map(readWorker))))
          from = LastEvaluatedKey
        } while (from !== undefined && workers.length < limit)
        return yield* Effect.forEach(
          workers,
          (worker) => Effect.map(countEntries(table, heldQuery(worker.workerId)), (tasks) => ({ worker, tasks })),
          { concurrency }
        )
      }),

    removeDead: (diedBefore, limit) =>
      sweepExpired(table, [workersThat.died], diedBefore - 1, limit, (key) =>
        Effect.gen(function*() {
          const { workerId } = yield* table.decode(() => readDead(key))
          if (!(yield* holdsNone(workerId))) return undefined
          const isGone = yield* removeIf(workerKey(workerId), (expression) =>
            expression.compare("diedAt", "<", diedBefore))
          yield* dropNews(table, workerId, nextToken)
          return isGone ? workerId : undefined
        })).pipe(Effect.map((removed) => removed.length)),

    takeNews: (workerId) => takeNews(table, workerId, nextToken)
  }
}

/** Asks for the tasks that a worker holds. */
const heldQuery = (workerId: string) => {
  const expression = new Expression()
  return {
    IndexName: indexes.byWorker.name,
    KeyConditionExpression: isHeldBy(expression, workerId),
    ...expression.maps
  }
}

const isHeldBy = (expression: Expression, workerId: string): string =>
  allOf(expression.compare("worker", "=", workerId), expression.compare("leaseExpiresAt", "=", heldByWorker))

const isAlive = (expression: Expression): string => allOf(expression.exists("pk"), expression.isAbsent("diedAt"))

/** Asks for the workers that are dead. */
const diedQuery = () => {
  const expression = new Expression()
  return {
    IndexName: indexes.expiry.name,
    KeyConditionExpression: expression.compare("partition", "=", workersThat.died),
    ...expression.maps
  }
}
