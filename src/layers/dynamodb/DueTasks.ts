/**
 * Moving tasks whose time has come into their lines.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { FreeTime, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { isCountedBy } from "./Counters.ts"
import { unexpected } from "./DynamoDbRequests.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import { allOf, Expression } from "./Expression.ts"
import { lineOf, placeOf, placesUpTo, waitingLine } from "./FreeLine.ts"
import { withPayloads } from "./Payloads.ts"
import { keyOf } from "./QueueHead.ts"
import { indexes } from "./TableDefinition.ts"
import { isVersion } from "./TaskConditions.ts"
import { type Item, queueOf, readJson, readPlain, readText, taskKey } from "./TaskItem.ts"

/** How many tasks are moved side by side. */
const concurrency = 8

/** How many tasks one look moves in a partition. The next look moves the rest. */
const mostAtOnce = 500

/** No clock that is set moves it. */
const monotonicMillis = Effect.clockWith((clock) =>
  Effect.sync(() => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n))
)

/** How many tasks of versions before one look checks, and how often it does so at most, in milliseconds. */
const earlier = { batch: 50, pause: 1_000 } as const

/**
 * Moves what has become due into its line. A move is no write of the task: its revision stays, and it is made once, whoever else
 * makes it.
 *
 * @since 0.2.0
 * @category models
 */
export interface DueTasks {
  /** Moves the tasks of a partition of the index of free tasks, and tells how many. */
  readonly moveDue: (queue: string, time: FreeTime) => Effect.Effect<number, TaskDriverError>
  /**
   * Moves some tasks which processes of versions before have left: they know of no lines. Each call looks a little further
   * through the index of leases, the first one through all of it.
   */
  readonly moveEarlier: (time: FreeTime) => Effect.Effect<void, TaskDriverError>
}

/**
 * Makes the moves on a table.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeDueTasks = (table: DynamoDbTable, shards: number): DueTasks => {
  /** Makes a change of the keys in the index, unless the task has changed. */
  const moveIf = (
    taskId: string,
    condition: (expression: Expression) => string,
    changes: (expression: Expression) => ReadonlyArray<string>
  ) =>
    Effect.suspend(() => {
      const expression = new Expression()
      return table.update({
        Key: taskKey(taskId),
        UpdateExpression: `SET ${changes(expression).join(", ")}`,
        ConditionExpression: condition(expression),
        ...expression.maps
      })
    }).pipe(
      Effect.asVoid,
      Effect.catchTag("ConditionFailed", () => Effect.void)
    )

  /** Moves a task into its line, whatever it lacks. */
  const settle = Effect.fnUntraced(function*(taskId: string) {
    const item = yield* table.get(taskKey(taskId))
    if (item === undefined) return
    const whole = yield* withPayloads(table, item, ["originalMethod"])
    if (whole === undefined) return
    const task = yield* table.decode(() => ({
      ...readPlain(whole),
      originalMethod: readJson(whole, "originalMethod")
    }))
    const { leaseExpiresAt } = task
    if (leaseExpiresAt === null) return
    const line = lineOf(task, isCountedBy("seats", item))
    yield* moveIf(taskId, (expression) => isVersion(expression, task), (expression) => [
      `${expression.name("queue")} = ${expression.text(queueOf(taskId, shards))}`,
      `${expression.name("line")} = ${expression.text(line)}`,
      `${expression.name("free")} = ${expression.text(line)}`,
      `${expression.name("place")} = ${expression.text(placeOf(leaseExpiresAt, taskId))}`
    ])
  })

  /** Moves a task from the waiting line into its own. */
  const move = (entry: Item) => {
    const taskId = taskIdOf(entry)
    return moveIf(
      taskId,
      (expression) =>
        allOf(
          expression.compare("free", "=", waitingLine),
          expression.compare("place", "=", entry["place"]?.S ?? "")
        ),
      (expression) => [`${expression.name("free")} = ${expression.name("line")}`]
    ).pipe(
      // A task of a version before has a place since it was written, and no line yet.
      Effect.catchTag("RequestInvalid", () => settle(taskId)),
      Effect.mapError(unexpected)
    )
  }

  const moveDue: DueTasks["moveDue"] = Effect.fnUntraced(function*(queue, { freeBy, now }) {
    // Nothing waits until 0: that is the lease of what was released.
    if (freeBy < 1) return 0
    const expression = new Expression()
    const keys = allOf(
      expression.compare("queue", "=", queue),
      expression.compare("active", "=", "working"),
      expression.compare("free", "=", waitingLine),
      expression.compare("place", "<", placesUpTo(freeBy))
    )
    let from: Item | undefined
    let moved = 0
    do {
      const { Items = [], LastEvaluatedKey } = yield* table.query({
        IndexName: indexes.free.name,
        KeyConditionExpression: keys,
        Limit: mostAtOnce,
        ExclusiveStartKey: from,
        ...expression.maps
      })
      const due = Items.filter((entry) => isTakeable(entry, { freeBy, now }))
      yield* Effect.forEach(due, move, { concurrency, discard: true })
      moved += due.length
      from = LastEvaluatedKey
    } while (from !== undefined && moved < mostAtOnce)
    return moved
  })

  /** Looks at one batch of a partition of the index of leases; gives where to go on. */
  const moveBatch = Effect.fnUntraced(function*(shard: number, { freeBy }: FreeTime, from: Item | undefined) {
    const expression = new Expression()
    const { Items = [], LastEvaluatedKey } = yield* table.query({
      IndexName: indexes.leases.name,
      KeyConditionExpression: allOf(
        expression.compare("partition", "=", String(shard)),
        expression.compare("active", "=", "working"),
        expression.compare("leaseExpiresAt", "<=", freeBy)
      ),
      Limit: earlier.batch,
      ExclusiveStartKey: from,
      ...expression.maps
    })
    if (Items.length > 0) {
      const items = yield* table.getAll(Items.map(keyOf), { attributes: ["pk", "free"], isConsistent: false })
      const left = items.filter(({ free }) => free === undefined)
      yield* Effect.forEach(left, (item) => Effect.mapError(settle(taskIdOf(item)), unexpected), {
        concurrency,
        discard: true
      })
    }
    return LastEvaluatedKey
  })

  const moveAll = Effect.fnUntraced(function*(shard: number, time: FreeTime) {
    let from: Item | undefined
    do from = yield* moveBatch(shard, time, from)
    while (from !== undefined)
  })

  /** Where the next look goes on. */
  let next: { readonly shard: number; readonly from: Item | undefined } | undefined
  let lastLook = -Infinity

  const moveEarlier: DueTasks["moveEarlier"] = Effect.fnUntraced(function*(time) {
    const started = yield* monotonicMillis
    if (started - lastLook < earlier.pause) return
    lastLook = started
    if (next === undefined) {
      const all = Array.from({ length: shards }, (_, shard) => shard)
      yield* Effect.forEach(all, (shard) => moveAll(shard, time), { concurrency, discard: true })
      next = { shard: 0, from: undefined }
      return
    }
    const { from, shard } = next
    const rest = yield* moveBatch(shard, time, from)
    next = rest === undefined ? { shard: (shard + 1) % shards, from: undefined } : { shard, from: rest }
  })

  return { moveDue, moveEarlier }
}

/**
 * Gives the id of the task of an entry.
 *
 * @since 0.2.0
 * @category readers
 */
export const taskIdOf = (entry: Item): string => readText(entry, "pk").slice(taskKey("").pk.S.length)

/**
 * Tells whether a task can be taken, as its entry in the index of free tasks says. Processes of versions before leave a task in
 * its line when they claim it.
 *
 * @since 0.2.0
 * @category guards
 */
export const isTakeable = ({ expiresAt, leaseExpiresAt }: Item, { freeBy, now }: FreeTime): boolean =>
  Number(leaseExpiresAt?.N) <= freeBy && !(Number(expiresAt?.N) <= now)
