/**
 * Creating tasks, within limits if there are any.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type {
  InsertResult,
  RerunResult,
  TaskBounds,
  TaskDriver,
  TaskDriverError
} from "../../domain/driver/TaskDriver.ts"
import { isExpired, type StoredTask } from "../../domain/task/StoredTask.ts"
import { counterKinds, type CounterWrite, counterWrites, isCountedBy, limitsOf } from "./Counters.ts"
import { unexpected } from "./DynamoDbRequests.ts"
import type { DynamoDbTable, TransactionWrite } from "./DynamoDbTable.ts"
import { Expression } from "./Expression.ts"
import { nextRevision } from "./nextRevision.ts"
import { type Layout, layOut, partKeys } from "./Payloads.ts"
import { clearTaken, findHead, takeAll } from "./QueueHead.ts"
import { isVersion } from "./TaskConditions.ts"
import { type Item, payloadsOf, plainAttributes, purgeOf, readPlain, taskKey, unstamped } from "./TaskItem.ts"

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
): Pick<TaskDriver, "insert" | "rerun"> => {
  const prepare = (task: StoredTask, bounds: TaskBounds): Effect.Effect<NewTask, TaskDriverError> =>
    Effect.map(
      layOut(taskKey(task.taskId).pk.S, payloadsOf(task), nextToken()),
      ({ attributes, parts }: Layout): NewTask => {
        const countedAs = {
          counted: limitsOf("tasks", bounds) !== undefined,
          seat: limitsOf("seats", bounds) !== undefined
        }
        const purge = purgeOf(task, countedAs)
        return {
          task,
          item: { ...plainAttributes(task, shards, countedAs), ...unstamped, ...attributes },
          parts: parts.map((part) => ({ Put: { Item: { ...part, ...purge } } }))
        }
      }
    )

  /** In place of nothing. */
  const first = <Lost extends Changed>(created: NewTask, tie: Tie<Lost>, bounds: TaskBounds, now: number) =>
    insertIf(
      created,
      tie,
      changeCounters(created.task, undefined, bounds),
      [],
      now,
      (expression) => expression.isAbsent("pk")
    )

  /** In place of an expired task, with everything that belongs to it. */
  const replacing = Effect.fnUntraced(
    function*<Lost extends Changed>(created: NewTask, tie: Tie<Lost>, old: Item, bounds: TaskBounds, now: number) {
      const { keys, replaced } = yield* table.decode(() => ({ replaced: readPlain(old), keys: partKeys(old) }))
      if (keys.length + created.parts.length > mostParts) {
        // Nobody sees the expired task go, and then the place is free.
        yield* removeIfExpired(replaced.taskId, now)
        return undefined
      }
      const head = yield* findHead(table, replaced.taskId)
      const answer = yield* insertIf(
        created,
        tie,
        changeCounters(created.task, { item: old, task: replaced }, bounds),
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
  const insertIf = <Lost extends Changed>(
    created: NewTask,
    tie: Tie<Lost>,
    counters: ReadonlyArray<CounterWrite>,
    others: ReadonlyArray<TransactionWrite>,
    now: number,
    condition: (expression: Expression) => string
  ): Effect.Effect<InsertResult | Lost | Replaceable | undefined, TaskDriverError> => {
    const expression = new Expression()
    const put = { Item: created.item, ConditionExpression: condition(expression), ...expression.maps }
    const writes = [
      ...counters.map(({ write }) => write),
      ...tie.map(({ write }) => write),
      ...others,
      ...created.parts
    ]
    return Effect.suspend(() =>
      writes.length === 0 ? table.put(put) : table.transact([{ Put: put }, ...writes], nextToken())
    ).pipe(
      Effect.as<InsertResult | Lost | Replaceable | undefined>(inserted),
      Effect.catch((error): Effect.Effect<InsertResult | Lost | Replaceable | undefined, TaskDriverError> => {
        if (error._tag === "ConditionFailed") return refused(created.task, error.item, now)
        if (error._tag !== "TransactionRefused") return Effect.fail(unexpected(error))
        const [taken, ...refusals] = error.refusals
        if (taken !== undefined) return refused(created.task, taken.item, now)
        const limit = counters.find((_, index) => refusals[index] !== undefined)?.refusal
        return Effect.succeed(limit ?? tie.find((_, index) => refusals[counters.length + index] !== undefined)?.lost)
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

  const store = <Lost extends Changed>(
    task: StoredTask,
    tie: Tie<Lost>,
    bounds: TaskBounds,
    now: number
  ): Effect.Effect<InsertResult | Lost, TaskDriverError> =>
    Effect.flatMap(prepare(task, bounds), (created) => {
      const once = Effect.flatMap(first(created, tie, bounds, now), (answer) =>
        answer?._tag === "Replaceable"
          ? Effect.map(
            replacing(created, tie, answer.item, bounds, now),
            (answer) => answer?._tag === "Replaceable" ? undefined : answer
          )
          : Effect.succeed(answer))
      return table.untilSettled(once)
    })

  return {
    insert: (task, bounds, now) => store<never>(task, [], bounds, now),
    rerun: (task, bounds, now, source) =>
      Effect.suspend(() =>
        store(task, [{ write: tieOf(task.taskId, source, nextToken()), lost: changed }], bounds, now)
      )
  }
}

/** The writes to the counters when a task comes, in the place of another one or of nothing. */
const changeCounters = (
  added: StoredTask,
  replaced: { readonly item: Item; readonly task: Pick<StoredTask, "sessionId"> } | undefined,
  bounds: TaskBounds
): ReadonlyArray<CounterWrite> =>
  counterKinds.flatMap((kind) => {
    const limits = limitsOf(kind, bounds)
    return counterWrites(kind, {
      added: limits && added,
      removed: replaced !== undefined && isCountedBy(kind, replaced.item) ? replaced.task : undefined
    }, limits)
  })

type Changed = Extract<RerunResult, { readonly _tag: "Changed" }>

/** The write that ties another task to the new one, if there is one, and the answer where it is refused. */
type Tie<Lost extends Changed> = ReadonlyArray<{ readonly write: TransactionWrite; readonly lost: Lost }>

const tieOf = (
  rerunAs: string,
  source: Parameters<TaskDriver["rerun"]>[3],
  stamp: string
): TransactionWrite => {
  const expression = new Expression()
  const set = [...nextRevision(expression, stamp), `${expression.name("rerunAs")} = ${expression.text(rerunAs)}`]
  return {
    Update: {
      Key: taskKey(source.taskId),
      UpdateExpression: `SET ${set.join(", ")}`,
      ConditionExpression: isVersion(expression, source),
      ...expression.maps
    }
  }
}

/** An expired task stands in the place. */
interface Replaceable {
  readonly _tag: "Replaceable"
  readonly item: Item
}

const inserted: InsertResult = { _tag: "Inserted" }
const exists: InsertResult = { _tag: "Exists" }
const changed: Changed = { _tag: "Changed" }
