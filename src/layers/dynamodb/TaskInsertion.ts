/**
 * Creating tasks, within limits if there are any.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { isExpired, type StoredTask } from "../../domain/StoredTask.ts"
import type { InsertResult, TaskBounds, TaskDriver, TaskDriverError } from "../../domain/TaskDriver.ts"
import { type CounterWrite, counterWrites, isBounded } from "./Counters.ts"
import { unexpected } from "./DynamoDbRequests.ts"
import type { DynamoDbTable, TransactionWrite } from "./DynamoDbTable.ts"
import { Expression } from "./Expression.ts"
import { type Layout, layOut, partKeys } from "./Payloads.ts"
import { clearTaken, findHead, takeAll } from "./QueueHead.ts"
import { isVersion } from "./TaskConditions.ts"
import { type Item, payloadsOf, plainAttributes, purgeAttribute, readPlain, taskKey, unstamped } from "./TaskItem.ts"

/** A transaction holds 4 MB, and of the two tasks either may have almost as much. */
const mostParts = 10

/** A task with its payloads laid out. */
interface NewTask {
  readonly task: StoredTask
  readonly item: Item
  readonly parts: ReadonlyArray<TransactionWrite>
}

/**
 * Makes the insertion of a driver.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTaskInsertion = (
  table: DynamoDbTable,
  shards: number,
  nextToken: () => string,
  removeIfExpired: (taskId: string, now: number) => Effect.Effect<boolean, TaskDriverError>
): TaskDriver["insert"] => {
  const prepare = (task: StoredTask, bounds: TaskBounds): Effect.Effect<NewTask, TaskDriverError> =>
    Effect.map(
      layOut(taskKey(task.taskId).pk.S, payloadsOf(task), nextToken()),
      ({ attributes, parts }: Layout): NewTask => {
        const isCounted = isBounded(bounds)
        const purge = isCounted ? {} : purgeAttribute(task)
        return {
          task,
          item: { ...plainAttributes(task, shards, isCounted), ...unstamped, ...attributes },
          parts: parts.map((part) => ({ Put: { Item: { ...part, ...purge } } }))
        }
      }
    )

  /** In place of nothing. */
  const first = (created: NewTask, bounds: TaskBounds, now: number) =>
    insertIf(
      created,
      isBounded(bounds) ? counterWrites({ added: created.task }, bounds) : [],
      [],
      now,
      (expression) => expression.isAbsent("pk")
    )

  /** In place of an expired task, with everything that belongs to it. */
  const replacing = Effect.fnUntraced(
    function*(created: NewTask, old: Item, bounds: TaskBounds, now: number) {
      const { keys, replaced } = yield* table.decode(() => ({ replaced: readPlain(old), keys: partKeys(old) }))
      if (keys.length + created.parts.length > mostParts) {
        // Nobody sees the expired task go, and then the place is free.
        yield* removeIfExpired(replaced.taskId, now)
        return undefined
      }
      const head = yield* findHead(table, replaced.taskId)
      const answer = yield* insertIf(
        created,
        counterWrites({
          added: isBounded(bounds) ? created.task : undefined,
          removed: old["counted"] === undefined ? undefined : replaced
        }, bounds),
        [
          ...keys.map((Key): TransactionWrite => ({ Delete: { Key } })),
          ...(head === undefined ? [] : [takeAll(replaced.taskId, head)])
        ],
        now,
        (expression) => isVersion(expression, replaced)
      )
      if (answer?._tag === "Inserted" && head !== undefined) yield* clearTaken(table, replaced.taskId, head)
      return answer
    }
  )

  /** `undefined` when the task that was to be replaced has changed. */
  const insertIf = (
    created: NewTask,
    counters: ReadonlyArray<CounterWrite>,
    others: ReadonlyArray<TransactionWrite>,
    now: number,
    condition: (expression: Expression) => string
  ): Effect.Effect<InsertResult | Replaceable | undefined, TaskDriverError> => {
    const expression = new Expression()
    const put = { Item: created.item, ConditionExpression: condition(expression), ...expression.maps }
    const writes = [...counters.map(({ write }) => write), ...others, ...created.parts]
    return Effect.suspend(() =>
      writes.length === 0 ? table.put(put) : table.transact([{ Put: put }, ...writes], nextToken())
    ).pipe(
      Effect.as<InsertResult | Replaceable | undefined>(inserted),
      Effect.catch((error) => {
        if (error._tag === "ConditionFailed") return refused(created.task, error.item, now)
        if (error._tag !== "TransactionRefused") return Effect.fail(unexpected(error))
        const [taken, ...refusals] = error.refusals
        if (taken !== undefined) return refused(created.task, taken.item, now)
        const limit = counters.find((_, index) => refusals[index] !== undefined)?.refusal
        return Effect.succeed(limit)
      })
    )
  }

  const refused = (task: StoredTask, item: Item | undefined, now: number) =>
    item === undefined
      ? Effect.succeed(undefined)
      : Effect.map(
        table.decode(() => readPlain(item)),
        (stored): InsertResult | Replaceable => {
          if (stored.incarnation === task.incarnation) return inserted
          return isExpired(stored, now) ? { _tag: "Replaceable", item } : exists
        }
      )

  return (task, bounds, now) =>
    Effect.flatMap(prepare(task, bounds), (created) => {
      const once = Effect.flatMap(first(created, bounds, now), (answer) =>
        answer?._tag === "Replaceable"
          ? Effect.map(
            replacing(created, answer.item, bounds, now),
            (answer) => answer?._tag === "Replaceable" ? undefined : answer
          )
          : Effect.succeed(answer))
      return table.untilSettled(once)
    })
}

/** An expired task stands in the place. */
interface Replaceable {
  readonly _tag: "Replaceable"
  readonly item: Item
}

const inserted: InsertResult = { _tag: "Inserted" }
const exists: InsertResult = { _tag: "Exists" }
