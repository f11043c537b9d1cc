/**
 * Guarded writes: one conditional update as a rule, or a read and a write if a condition cannot decide.
 *
 * @since 0.1.0
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb"
import * as Effect from "effect/Effect"
import { isActive, type ReachedBound } from "../../domain/driver/ActiveBounds.ts"
import type { PatchAnswer, PatchResult, TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import {
  applyPatch,
  isNewsForWorker,
  isVisible,
  type PatchField,
  permits,
  type TaskGuard,
  type TaskPatch,
  type TaskScope
} from "../../domain/driver/TaskWrite.ts"
import { holderOf, type StoredTask } from "../../domain/task/StoredTask.ts"
import { isTerminal } from "../../domain/task/TaskStatus.ts"
import { type CounterWrite, counterWrites, isCountedBy } from "./Counters.ts"
import type { TransactionRefused } from "./DynamoDbFault.ts"
import { unexpected } from "./DynamoDbRequests.ts"
import type { DynamoDbTable, TransactionWrite } from "./DynamoDbTable.ts"
import { allOf, Expression } from "./Expression.ts"
import { spotOf, waitingLine } from "./FreeLine.ts"
import { nextRevision } from "./nextRevision.ts"
import { layOut, partKeys, withPayloads } from "./Payloads.ts"
import { guarded, inScope, isUnstamped, isVersion, isWithoutHolder } from "./TaskConditions.ts"
import {
  bytesOf,
  hasStamp,
  type Item,
  numeric,
  type PayloadField,
  payloadFields,
  payloadsOf,
  plainAttributes,
  purgeOf,
  queueOf,
  readPlain,
  readTask,
  restFields,
  stamped,
  summaryAttributes,
  summaryPayloads,
  taskKey,
  wholeSeconds
} from "./TaskItem.ts"
import { leaveNews, newsFor } from "./WorkerNews.ts"

/** A larger outcome is not tried as it is: an item takes 400 KB. */
const mostAtOnce = 380_000

/**
 * Makes the guarded write of a driver.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTaskPatching = (
  table: DynamoDbTable,
  shards: number,
  nextToken: () => string
): TaskDriver["patch"] => {
  /** Whether the last task that ended had a seat, so that the next one has to be read first too. */
  let expectsSeat = false

  /** Says what the task that was found means for the write; `undefined` when only the exact way can tell. */
  const judge = (
    write: Write,
    item: Item
  ): Effect.Effect<{ readonly answer: PatchResult } | { readonly task: StoredTask } | undefined, TaskDriverError> =>
    Effect.gen(function*() {
      const { answer, guard, patch, scope, stamp } = write
      const isBrief = answer === "summary" && hasStamp(item, stamp)
      const whole = yield* isBrief
        ? withPayloads(table, briefly(item), summaryPayloads)
        : withPayloads(table, item, payloadFields)
      if (whole === undefined) return undefined
      const task = yield* table.decode(() => readTask(whole))
      if (hasStamp(item, stamp)) {
        yield* tellHolder(write, task)
        return { answer: { _tag: "Patched", task } }
      }
      if (!isVisible(task, scope)) return { answer: missing }
      return permits(guard, task, patch) ? { task } : { answer: { _tag: "Rejected", task } }
    })

  /**
   * Leaves news for the worker that held a task which was written by an update. If this process ends in between, or DynamoDB
   * does not answer, the worker learns of the write when it next writes to the task itself: no write of its own is wrong then,
   * but it may have worked in vain.
   */
  const tellHolder = ({ guard, patch }: Write, task: StoredTask): Effect.Effect<void> => {
    const { taskId, worker } = task
    if (!isNewsForWorker(guard, patch) || hidesHolder(guard, patch)) return Effect.void
    // The end of a task leaves the one who had it there.
    const holder = patch.leaseExpiresAt === undefined ? holderOf(task) : worker
    return holder === null ? Effect.void : Effect.ignore(table.put(leaveNews(holder, taskId, task.lastUpdatedAt).Put))
  }

  /** One conditional update; gives no answer where a condition cannot tell. */
  const atOnce = (write: Write, permitted: string, expression: Expression) => {
    const condition = [
      inScope(expression, write.scope),
      permitted,
      isUnstamped(expression, write.stamp),
      // Parts would have to be replaced with the payload that has them, and share the ttl.
      ...payloadFields.filter((field) => write.patch[field] !== undefined).map((field) => expression.isNoMap(field)),
      ...(changesTtl(write.patch) ? [expression.isAbsent("parts"), expression.isAbsent("counted")] : []),
      ...(changesTtl(write.patch) || isEnd(write.patch) ? [expression.isAbsent("seat")] : []),
      ...unshortened(expression, write.patch),
      ...sameKind(expression, write.patch),
      ...(hidesHolder(write.guard, write.patch) ? [isWithoutHolder(expression)] : [])
    ]
    const update = {
      Key: taskKey(write.taskId),
      UpdateExpression: updateOf(write, shards, expression),
      ConditionExpression: allOf(...condition.filter((part) => part !== "")),
      ...expression.maps
    }
    return Effect.suspend(() => table.update(update)).pipe(
      Effect.flatMap((item) => judge(write, item)),
      Effect.catch((error) => {
        // Too large together with what is there already, or a line to wait in is not known of a task of versions before.
        if (error._tag === "RequestInvalid") return Effect.succeed(undefined)
        if (error._tag !== "ConditionFailed") return Effect.fail(unexpected(error))
        return error.item === undefined ? Effect.succeed({ answer: missing }) : judge(write, error.item)
      })
    )
  }

  /** Reads the task, decides, and writes it whole unless somebody else has; `undefined` when somebody has. */
  const exactly = (write: Write): Effect.Effect<PatchResult | undefined, TaskDriverError> =>
    Effect.gen(function*() {
      const item = yield* table.get(taskKey(write.taskId))
      if (item === undefined) return missing
      if (isEnd(write.patch)) expectsSeat = isCountedBy("seats", item)
      const found = yield* judge(write, item)
      if (found === undefined) return undefined
      if ("answer" in found) return found.answer
      const task = applyPatch(found.task, write.patch)
      const full = yield* replace(write, item, found.task, task)
      return full === undefined
        ? { _tag: "Patched", task } satisfies PatchResult
        : { _tag: "Rejected", task: found.task, full } satisfies PatchResult
    }).pipe(
      Effect.catch((error) =>
        error._tag === "ConditionFailed" || error._tag === "TransactionRefused"
          ? Effect.succeed(undefined)
          : Effect.fail(unexpected(error))
      )
    )

  /** Gives the bound that leaves no seat, if one is needed. */
  const replace = ({ guard, patch, stamp, taskId }: Write, item: Item, before: StoredTask, task: StoredTask) =>
    Effect.gen(function*() {
      const counted = isCountedBy("tasks", item)
      const hadSeat = isCountedBy("seats", item)
      const takesSeat = guard.seats !== undefined && !hadSeat
      const seat = (hadSeat || takesSeat) && isActive(task)
      const counters = changeSeats(task, { takes: takesSeat, leaves: hadSeat && !seat }, guard)
      const kept = Object.fromEntries(payloadFields.flatMap((field) => {
        const value = item[field]
        return patch[field] !== undefined || value === undefined ? [] : [[field, value] as const]
      }))
      const { attributes, parts } = yield* layOut(
        taskKey(taskId).pk.S,
        { ...kept, ...payloadsOf(patch) },
        nextToken()
      )
      const next = {
        ...plainAttributes(task, shards, { counted, seat }),
        ...stamped(item, stamp),
        ...attributes
      }
      const expression = new Expression()
      const ConditionExpression = isVersion(expression, yield* table.decode(() => readPlain(item)))
      const put = { Item: next, ConditionExpression, ...expression.maps }

      const purge = purgeOf(task, { counted, seat })
      const changesPurge = !counted && (hadSeat !== seat || (changesTtl(patch) && !seat))
      const oldKeys = yield* table.decode(() => partKeys(item))
      const keptKeys = new Set(partKeys(next).map(({ sk }) => sk?.S))
      const others: ReadonlyArray<TransactionWrite> = [
        ...counters.map(({ write }) => write),
        ...parts.map((part): TransactionWrite => ({ Put: { Item: { ...part, ...purge } } })),
        ...oldKeys.flatMap((Key): ReadonlyArray<TransactionWrite> => {
          if (!keptKeys.has(Key["sk"]?.S)) return [{ Delete: { Key } }]
          return changesPurge ? [{ Update: { Key, ...purgeUpdate(purge) } }] : []
        }),
        ...newsFor(isNewsForWorker(guard, patch) ? holderOf(before) : null, taskId, task.lastUpdatedAt)
      ]
      if (others.length === 0) yield* table.put(put)
      else yield* table.transact([{ Put: put }, ...others], nextToken())
      return undefined
    }).pipe(
      Effect.catchTag("TransactionRefused", (error) => {
        const full = fullOf(error, guard)
        return full === undefined ? Effect.fail(error) : Effect.succeed(full)
      })
    )

  return (taskId, scope, guard, patch, answer) =>
    Effect.suspend(() => {
      const write: Write = { taskId, scope, guard, patch, answer, stamp: nextToken() }
      const exact = table.untilSettled(exactly(write))
      const expression = new Expression()
      const permitted = guarded(expression, guard, patch)
      const needsReading = guard.seats !== undefined || (expectsSeat && isEnd(patch))
      if (permitted === undefined || needsReading || payloadBytes(patch) > mostAtOnce) return exact
      return Effect.flatMap(atOnce(write, permitted, expression), (found) =>
        found !== undefined && "answer" in found ? Effect.succeed(found.answer) : exact)
    })
}

/** The writes to the counters of seats, which come right behind the task. */
const changeSeats = (
  task: StoredTask,
  { leaves, takes }: { readonly takes: boolean; readonly leaves: boolean },
  { seats }: TaskGuard
): ReadonlyArray<CounterWrite> => {
  if (leaves) return counterWrites("seats", { removed: task })
  return takes && seats !== undefined
    ? counterWrites("seats", { added: task }, { all: seats.maxActive, inSession: seats.maxActivePerSession })
    : []
}

/** Tells which bound has refused a write that nothing else refused. */
const fullOf = ({ refusals }: TransactionRefused, { seats }: TaskGuard): ReachedBound | undefined => {
  const [task, all, inSession] = refusals
  if (seats === undefined || task !== undefined) return undefined
  if (all !== undefined && seats.maxActive !== null) return { scope: "active", limit: seats.maxActive }
  return inSession !== undefined && seats.maxActivePerSession !== null
    ? { scope: "activePerSession", limit: seats.maxActivePerSession }
    : undefined
}

/** A guarded write, and the stamp by which it recognises itself. */
interface Write {
  readonly taskId: string
  readonly scope: TaskScope
  readonly guard: TaskGuard
  readonly patch: TaskPatch
  readonly answer: PatchAnswer | undefined
  readonly stamp: string
}

/** An item without the payloads that are no part of a summary. */
const briefly = (item: Item): Item =>
  Object.fromEntries(summaryAttributes.flatMap((name) => item[name] === undefined ? [] : [[name, item[name]]]))

const missing: PatchResult = { _tag: "Missing" }

const isEnd = ({ status }: TaskPatch): boolean => status !== undefined && isTerminal(status)

const changesTtl = ({ expiry, ttl }: TaskPatch): boolean => ttl !== undefined || expiry !== undefined

/** The task may live until then: no update can shorten its ttl to a bound. */
const unshortened = (expression: Expression, { expiry }: TaskPatch): ReadonlyArray<string> =>
  expiry === undefined
    ? []
    : [
      expression.compare("createdAt", "<", expiry.at),
      expression.compare("createdAt", ">=", expiry.at - expiry.maxTtl)
    ]

/** The kind stays the same: no update can tell the name of the line for another one. */
const sameKind = (expression: Expression, { name, originalMethod }: TaskPatch): ReadonlyArray<string> => [
  ...(originalMethod === undefined ? [] : [expression.compare("originalMethod", "=", originalMethod.text)]),
  ...(name === undefined
    ? []
    : [name === null ? expression.isAbsent("name") : expression.compare("name", "=", name.text)])
]

/**
 * Whether nothing shows, once the write is done, who held the task before and has to hear of it. A task without a lease that has a
 * worker was held by it, or had ended before.
 */
const hidesHolder = (guard: TaskGuard, patch: TaskPatch): boolean =>
  isNewsForWorker(guard, patch) &&
  (patch.worker !== undefined || (patch.leaseExpiresAt !== undefined && guard.statuses?.some(isTerminal) !== false))

const payloadBytes = (patch: TaskPatch): number =>
  payloadFields.reduce((bytes, field) => bytes + (patch[field]?.bytes ?? 0), 0)

const updateOf = ({ patch, stamp, taskId }: Write, shards: number, expression: Expression): string => {
  const name = (attribute: string) => expression.name(attribute)
  const set = nextRevision(expression, stamp)
  const remove: Array<string> = []

  const { expiry, status, ttl } = patch
  if (status !== undefined) {
    if (isTerminal(status)) remove.push(name("active"))
    else set.push(`${name("active")} = ${expression.text(status)}`)
  }
  if (patch.leaseExpiresAt !== undefined) {
    const spot = spotOf(patch.leaseExpiresAt, taskId)
    if (spot === undefined) remove.push(name("free"), name("place"))
    else {
      set.push(
        `${name("queue")} = ${expression.text(queueOf(taskId, shards))}`,
        `${name("free")} = ${spot.isFree ? name("line") : expression.text(waitingLine)}`,
        `${name("place")} = ${expression.text(spot.place)}`
      )
    }
  }
  for (const [field, value] of Object.entries(plainChanges(patch))) {
    if (value === null) remove.push(name(field))
    else if (value !== undefined) set.push(`${name(field)} = ${expression.value(value)}`)
  }
  if (ttl === null) remove.push(name("expiresAt"), name("purgeAt"))
  else if (ttl !== undefined) {
    set.push(
      `${name("expiresAt")} = ${name("createdAt")} + ${expression.number(ttl)}`,
      `${name("purgeAt")} = ${name("createdSecond")} + ${expression.number(wholeSeconds(ttl))}`
    )
  }
  if (expiry !== undefined) {
    set.push(
      `${name("ttl")} = ${expression.number(expiry.at)} - ${name("createdAt")}`,
      `${name("expiresAt")} = ${expression.number(expiry.at)}`,
      `${name("purgeAt")} = ${expression.number(wholeSeconds(expiry.at))}`
    )
  }
  for (const field of payloadFields) {
    const payload = patch[field]
    if (payload === null) remove.push(name(field))
    else if (payload !== undefined) set.push(`${name(field)} = ${expression.text(payload.text)}`)
  }
  set.push(...sizesOf(patch, expression))

  return `SET ${set.join(", ")}${remove.length === 0 ? "" : ` REMOVE ${remove.join(", ")}`}`
}

/** What a patch changes of the fields that are never compressed or split; `null` takes an attribute away. */
const plainChanges = (patch: TaskPatch): Readonly<Record<string, AttributeValue | null | undefined>> =>
  ({
    status: textual(patch.status),
    lastUpdatedAt: numerical(patch.lastUpdatedAt),
    ttl: numerical(patch.ttl),
    pollInterval: numerical(patch.pollInterval),
    attempt: numerical(patch.attempt),
    leaseExpiresAt: numerical(patch.leaseExpiresAt),
    dueAt: numerical(patch.dueAt),
    worker: textual(patch.worker),
    startedAt: numerical(patch.startedAt),
    resultKind: textual(patch.resultKind),
    name: textual(patch.name === null ? null : patch.name?.text),
    traceparent: textual(patch.traceparent === null ? null : patch.traceparent?.text),
    tracestate: textual(patch.tracestate === null ? null : patch.tracestate?.text),
    runTraceparent: textual(patch.runTraceparent === null ? null : patch.runTraceparent?.text)
  }) satisfies { readonly [Field in Exclude<PatchField, PayloadField>]: AttributeValue | null | undefined }

const textual = (value: string | null | undefined): AttributeValue | null | undefined =>
  typeof value === "string" ? { S: value } : value

const numerical = (value: number | null | undefined): AttributeValue | null | undefined =>
  typeof value === "number" ? numeric(value) : value

/**
 * How large the content may be from now on. What is replaced is not subtracted, since its size is not known here, unless
 * everything else is replaced as well; of the steps, which are replaced with each one, the size of the rest is known.
 */
const sizesOf = (patch: TaskPatch, expression: Expression): ReadonlyArray<string> => {
  const name = (attribute: "otherBytes" | "restBytes") => expression.name(attribute)
  const rest = bytesOf(restFields, patch)
  const isWhole = restFields.every((field) => patch[field] !== undefined)
  const sizes: Array<string> = []
  if (isWhole) sizes.push(`${name("restBytes")} = ${expression.number(rest)}`)
  else if (rest > 0) sizes.push(`${name("restBytes")} = ${name("restBytes")} + ${expression.number(rest)}`)
  if (patch.steps !== undefined) {
    const all = expression.number(rest + (patch.steps?.bytes ?? 0))
    sizes.push(`${name("otherBytes")} = ${isWhole ? all : `${name("restBytes")} + ${all}`}`)
  } else if (rest > 0) sizes.push(`${name("otherBytes")} = ${name("otherBytes")} + ${expression.number(rest)}`)
  return sizes
}

const purgeUpdate = (purge: Item) => {
  const expression = new Expression()
  const name = expression.name("purgeAt")
  const value = purge["purgeAt"]
  const UpdateExpression = value === undefined ? `REMOVE ${name}` : `SET ${name} = ${expression.value(value)}`
  return { UpdateExpression, ...expression.maps }
}
