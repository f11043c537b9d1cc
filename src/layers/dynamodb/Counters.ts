/**
 * Counters for limits, in all and of each session. Those of stored tasks count the tasks with the attribute `counted`, those of
 * seats the ones with the attribute `seat`: a storage with limits has written them so. The transaction that creates, ends or deletes
 * such a task changes the counters, whichever process does it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Struct from "effect/Struct"
import type { InsertResult, TaskBounds, TaskDriver } from "../../domain/driver/TaskDriver.ts"
import { unexpected } from "./DynamoDbRequests.ts"
import type { DynamoDbTable, TransactionWrite } from "./DynamoDbTable.ts"
import { anyOf, Expression } from "./Expression.ts"
import type { Item } from "./TaskItem.ts"

/**
 * The two kinds of counters, in the order of their refusals: the attribute of what they count, their keys, and the scopes of their
 * limits.
 */
const kinds = {
  tasks: { attribute: "counted", all: "c#total", session: "c#session#", scopes: ["storage", "session"] },
  seats: { attribute: "seat", all: "c#seats", session: "c#seats#", scopes: ["active", "activePerSession"] }
} as const

/**
 * What counters count: stored tasks, or seats.
 *
 * @since 0.2.0
 * @category models
 */
export type CounterKind = keyof typeof kinds

/**
 * @since 0.2.0
 * @category constants
 */
export const counterKinds: ReadonlyArray<CounterKind> = Struct.keys(kinds)

/**
 * Limits on one kind of counters.
 *
 * @since 0.2.0
 * @category models
 */
export interface CounterLimits {
  readonly all: number | null
  readonly inSession: number | null
}

const unlimited: CounterLimits = { all: null, inSession: null }

/**
 * Gives the limits of a kind, if a new task counts for it.
 *
 * @since 0.2.0
 * @category accessors
 */
export const limitsOf = (kind: CounterKind, bounds: TaskBounds): CounterLimits | undefined => {
  if (kind === "seats") {
    return bounds.active && { all: bounds.active.maxActive, inSession: bounds.active.maxActivePerSession }
  }
  const { maxTasks: all, maxTasksPerSession: inSession } = bounds
  return all === null && inSession === null ? undefined : { all, inSession }
}

/**
 * Tells whether a task is counted by counters of a kind.
 *
 * @since 0.2.0
 * @category guards
 */
export const isCountedBy = (kind: CounterKind, item: Item): boolean => item[markOf(kind)] !== undefined

/**
 * Gives the attribute of the tasks that counters of a kind count.
 *
 * @since 0.2.0
 * @category accessors
 */
export const markOf = (kind: CounterKind): "counted" | "seat" => kinds[kind].attribute

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
 * Gives the writes to the counters of a kind when one task comes and another one goes. One that goes makes room first.
 *
 * @since 0.1.0
 * @category constructors
 */
export const counterWrites = (
  kind: CounterKind,
  change: { readonly added?: Counted | undefined; readonly removed?: Counted | undefined },
  { all, inSession }: CounterLimits = unlimited
): ReadonlyArray<CounterWrite> => {
  const { added, removed } = change
  const [scope, scopeOfSession] = kinds[kind].scopes
  const sessions = new Set([added?.sessionId, removed?.sessionId])
  const writes: Array<CounterWrite | undefined> = [
    counterWrite(
      totalCounter(kind),
      changeOf(added, removed),
      all === null ? undefined : { scope, limit: all }
    )
  ]
  for (const session of sessions) {
    if (session === undefined || session === null) continue
    const isOf = (task: Counted | undefined) => task?.sessionId === session ? task : undefined
    writes.push(
      counterWrite(
        sessionCounter(kind, session),
        changeOf(isOf(added), isOf(removed)),
        inSession === null ? undefined : { scope: scopeOfSession, limit: inSession }
      )
    )
  }
  return writes.filter((write) => write !== undefined)
}

/**
 * Gives the partition key of the counter of all that a kind counts.
 *
 * @since 0.2.0
 * @category keys
 */
export const totalCounter = (kind: CounterKind): string => kinds[kind].all

/**
 * Gives the partition key of the counter of a session.
 *
 * @since 0.2.0
 * @category keys
 */
export const sessionCounter = (kind: CounterKind, session: string): string => `${kinds[kind].session}${session}`

/**
 * Tells whether a partition key is that of a counter of a kind.
 *
 * @since 0.2.0
 * @category guards
 */
export const isCounterOf = (kind: CounterKind, pk: string): boolean =>
  pk === kinds[kind].all || pk.startsWith(kinds[kind].session)

/**
 * Gives the key of a counter.
 *
 * @since 0.2.0
 * @category keys
 */
export const counterKey = (pk: string) => ({ pk: { S: pk }, sk: { S: "count" } })

/**
 * Makes the removal of the counters of a session, which stay at zero once they have counted a task.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeForget = (table: DynamoDbTable): NonNullable<TaskDriver["forget"]> => (session) =>
  Effect.forEach(counterKinds, (kind) => {
    const expression = new Expression()
    const ConditionExpression = anyOf(expression.isAbsent("tasks"), expression.compare("tasks", "<=", 0))
    const Key = counterKey(sessionCounter(kind, session))
    return Effect.catch(
      Effect.suspend(() => table.remove({ Key, ConditionExpression, ...expression.maps })),
      (error) => error._tag === "ConditionFailed" ? Effect.void : Effect.fail(unexpected(error))
    )
  }, { concurrency: "unbounded", discard: true })

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
  bound: Omit<Extract<InsertResult, { readonly _tag: "LimitReached" }>, "_tag"> | undefined
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
