/**
 * Counters of tasks, for limits. They count the tasks with the attribute `counted`: a storage with limits has created them. The
 * transaction that creates or deletes such a task changes the counters, whichever process does it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { InsertResult, TaskBounds, TaskDriver } from "../../domain/TaskDriver.ts"
import { unexpected } from "./DynamoDbRequests.ts"
import type { DynamoDbTable, TransactionWrite } from "./DynamoDbTable.ts"
import { anyOf, Expression } from "./Expression.ts"

/**
 * Tells whether tasks have to be counted.
 *
 * @since 0.1.0
 * @category guards
 */
export const isBounded = (bounds: TaskBounds): boolean => bounds.maxTasks !== null || bounds.maxTasksPerSession !== null

/**
 * A write to a counter; with the answer it stands for, where it can refuse.
 *
 * @since 0.1.0
 * @category models
 */
export interface CounterWrite {
  readonly write: TransactionWrite
  readonly refusal: InsertResult | undefined
}

/** The session of a task that is counted. */
interface Counted {
  readonly sessionId: string | null
}

/**
 * Gives the writes to the counters when one task comes and another one goes. One that goes makes room first.
 *
 * @since 0.1.0
 * @category constructors
 */
export const counterWrites = (
  change: { readonly added?: Counted | undefined; readonly removed?: Counted | undefined },
  bounds: TaskBounds
): ReadonlyArray<CounterWrite> => {
  const { added, removed } = change
  const { maxTasks, maxTasksPerSession } = bounds
  const sessions = new Set([added?.sessionId, removed?.sessionId])
  const writes: Array<CounterWrite | undefined> = [
    counterWrite(
      totalCounter,
      changeOf(added, removed),
      maxTasks === null ? undefined : { scope: "storage", limit: maxTasks }
    )
  ]
  for (const session of sessions) {
    if (session === undefined || session === null) continue
    const isOf = (task: Counted | undefined) => task?.sessionId === session ? task : undefined
    writes.push(
      counterWrite(
        sessionCounter(session),
        changeOf(isOf(added), isOf(removed)),
        maxTasksPerSession === null ? undefined : { scope: "session", limit: maxTasksPerSession }
      )
    )
  }
  return writes.filter((write) => write !== undefined)
}

/**
 * The partition key of the counter of all tasks.
 *
 * @since 0.2.0
 * @category keys
 */
export const totalCounter = "c#total"

/**
 * Gives the partition key of the counter of a session.
 *
 * @since 0.2.0
 * @category keys
 */
export const sessionCounter = (session: string): string => `c#session#${session}`

/**
 * Gives the key of a counter.
 *
 * @since 0.2.0
 * @category keys
 */
export const counterKey = (pk: string) => ({ pk: { S: pk }, sk: { S: "count" } })

/**
 * Makes the removal of the counter of a session, which stays at zero once it has counted a task.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeForget = (table: DynamoDbTable): NonNullable<TaskDriver["forget"]> => (session) => {
  const expression = new Expression()
  const ConditionExpression = anyOf(expression.isAbsent("tasks"), expression.compare("tasks", "<=", 0))
  return Effect.catch(
    Effect.suspend(() =>
      table.remove({ Key: counterKey(sessionCounter(session)), ConditionExpression, ...expression.maps })
    ),
    (error) => error._tag === "ConditionFailed" ? Effect.void : Effect.fail(unexpected(error))
  )
}

interface Change {
  readonly difference: number
  readonly isAdding: boolean
}

const changeOf = (added: Counted | undefined, removed: Counted | undefined): Change => ({
  difference: (added === undefined ? 0 : 1) - (removed === undefined ? 0 : 1),
  isAdding: added !== undefined
})

const counterWrite = (
  pk: string,
  { difference, isAdding }: Change,
  bound: { readonly scope: "storage" | "session"; readonly limit: number } | undefined
): CounterWrite | undefined => {
  const expression = new Expression()
  const Key = counterKey(pk)
  // With `difference` already in it, the count may be the limit afterwards and no more.
  const condition = bound === undefined || !isAdding
    ? undefined
    : anyOf(
      ...(difference > 0 ? [expression.isAbsent("tasks")] : []),
      expression.compare("tasks", "<=", bound.limit - difference)
    )
  const refusal: InsertResult | undefined = bound === undefined || condition === undefined
    ? undefined
    : { _tag: "LimitReached", ...bound }
  if (difference === 0) {
    return condition === undefined
      ? undefined
      : { write: { ConditionCheck: { Key, ConditionExpression: condition, ...expression.maps } }, refusal }
  }
  const UpdateExpression = `ADD ${expression.name("tasks")} ${expression.number(difference)}`
  return {
    write: {
      Update: {
        Key,
        UpdateExpression,
        ...(condition === undefined ? {} : { ConditionExpression: condition }),
        ...expression.maps
      }
    },
    refusal
  }
}
