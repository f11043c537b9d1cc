/**
 * Makes a call of a storage and gives its answer in the form of the model's.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ClaimableOptions, ListOptions } from "../../domain/options/TaskOptions.ts"
import type { PausedKind } from "../../domain/service/PauseOperations.ts"
import type {
  ClaimedTask,
  PlannedWrites,
  SessionTasks,
  TaskPage,
  TaskStorageShape
} from "../../domain/service/TaskOperations.ts"
import type { TaskStats } from "../../domain/service/TaskStats.ts"
import { isTaskStorageError, type TaskStorageError } from "../../domain/task/TaskError.ts"
import type { TaskRecord, TaskSummary } from "../../domain/task/TaskRecord.ts"
import { taskStatuses } from "../../domain/task/TaskStatus.ts"
import { plainRecord, plainWorker } from "../PlainRecord.ts"
import type { StoragePair } from "../StorageHarness.ts"
import type { SuiteClock } from "../SuiteClock.ts"
import { type Answer, refusal } from "./Answer.ts"
import type { Call } from "./Call.ts"
import { actorSession, type Command, failureNamed, type Filter, outcomeNamed, type Wanted } from "./Command.ts"
import { recordOf } from "./ModelState.ts"

/** A list that can be read, of a session or of all. */
interface ReadableList {
  readonly session: string | null | undefined
  readonly read: ReadList
}

/** A list that was read and promised more. */
interface OpenList extends ReadableList {
  readonly cursor: string
}

type ReadList = (
  tasks: SessionTasks,
  options: ListOptions
) => Effect.Effect<TaskPage<TaskRecord | TaskSummary>, TaskStorageError>

/**
 * A storage under test, and where its last list ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subject extends StoragePair {
  readonly clock: SuiteClock
  list: OpenList | undefined
}

/**
 * Makes a call; any failure, a defect too, is an answer.
 *
 * @since 0.1.0
 * @category running
 */
export const performCall = (subject: Subject, call: Call): Effect.Effect<Answer> =>
  Effect.suspend(() => perform(subject, call)).pipe(
    Effect.map((value): Answer => ({ value })),
    Effect.catchCause((cause) => {
      const error = Cause.squash(cause)
      return Effect.succeed(isTaskStorageError(error) ? refusal(error) : { error: { cause: Cause.pretty(cause) } })
    })
  )

const tasksOf = (storage: TaskStorageShape, session: string | null | undefined): SessionTasks =>
  session === undefined ? storage : storage.forSession(session)

const perform = (subject: Subject, call: Call): Effect.Effect<unknown, TaskStorageError> => {
  if (call._tag === "advance") return subject.clock.advance(call.millis)
  const storage = subject[call.actor.handle]
  const tasks = tasksOf(storage, call.actor.session)
  switch (call._tag) {
    case "createTask":
      return Effect.map(tasks.createTask(newTask(subject, call)), plainRecord)
    case "updateTask":
      return Effect.map(tasks.updateTask(recordOf(call.record)), plainRecord)
    case "deleteTask":
      return tasks.deleteTask(call.taskId)
    case "updateTaskStatus": {
      const { _tag: _, actor: __, brief, status, taskId, ...options } = call
      return planned(tasks, brief, (writes) => writes.updateTaskStatus(taskId, status, options))
    }
    case "storeTaskResult": {
      const { _tag: _, actor: __, brief, outcome, taskId, ...options } = call
      return planned(
        tasks,
        brief,
        (writes) => writes.storeTaskResult(taskId, outcomeNamed(outcome), withFailure(options))
      )
    }
    case "settleTask": {
      const { _tag: _, actor: __, brief, outcome, taskId, ...options } = call
      return planned(tasks, brief, (writes) => writes.settleTask(taskId, outcomeNamed(outcome), withFailure(options)))
    }
    case "touchTask": {
      const { _tag: _, actor: __, brief, hold, taskId, ...options } = call
      return planned(tasks, brief, (writes) => writes.touchTask(taskId, { ...options, ...hold }))
    }
    case "claimTask":
      return Effect.map(tasks.claimTask(call.taskId, call.hold), plainClaim)
    case "claimTasks":
      return Effect.map(
        storage.claimTasks({ ...claimable(call.wanted), ...call.hold }),
        (claimed) => claimed.map(plainClaim)
      )
    case "registerWorker": {
      const { _tag: _, actor: __, worker: ___, ...worker } = call
      return Effect.map(storage.registerWorker(worker), plainWorker)
    }
    case "renewWorker":
      return Effect.map(storage.renewWorker(call.worker, { lease: call.lease }), ({ worker }) => plainWorker(worker))
    case "declareDeadWorkers":
      return Effect.map(storage.declareDeadWorkers({ except: call.except }), sortedIds)
    case "endWorker":
      return storage.endWorker(call.worker)
    case "listWorkers":
      return Effect.map(
        storage.listWorkers(),
        (listed) => listed.map(({ tasks, worker }) => ({ tasks, worker: plainWorker(worker) }))
      )
    case "taskStats": {
      const { failuresSince, ofSession } = call
      return Effect.map(storage.taskStats({ failuresSince, sessionId: ofSession }), plainStats)
    }
    case "takeNews":
      return subject.drivers === undefined
        ? Effect.succeed([])
        : Effect.map(Effect.orDie(subject.drivers[call.actor.handle].workers.takeNews(call.worker)), sortedIds)
    case "pauseTasks":
      return storage.pauseTasks(pausable[call.kind])
    case "resumeTasks":
      return storage.resumeTasks(pausable[call.kind])
    case "pausedTasks":
      return Effect.map(storage.pausedTasks(), (paused) => paused.map(plainPause))
    case "rerunTask": {
      const { again, as, steps, taskId } = call
      return Effect.map(tasks.rerunTask(taskId, { again, steps, taskId: as }), plainRecord)
    }
    case "storeTaskStep": {
      const { _tag: _, actor: __, key, taskId, value, ...options } = call
      return Effect.map(tasks.storeTaskStep(taskId, key, value, options), plainRecord)
    }
    case "requireInput": {
      const { _tag: _, actor: __, keys, taskId, ...options } = call
      return Effect.map(tasks.requireInput(taskId, mapOf(keys, "asked"), options), plainRecord)
    }
    case "provideInput":
      return Effect.map(
        tasks.provideInput(call.taskId, mapOf(call.keys, "answer")),
        ({ complete, record }) => ({ complete, record: plainRecord(record) })
      )
    case "enqueue": {
      const { _tag: _, actor: __, body, queue, ...options } = call
      return storage.messages.enqueue(queue, body, options)
    }
    case "dequeue":
      return Effect.map(storage.messages.dequeue(call.queue), Option.toArray)
    case "dequeueAll":
      return storage.messages.dequeueAll(call.queue)
    case "getTask":
      return Effect.map(tasks.getTask(call.taskId), (found) => Option.getOrUndefined(Option.map(found, plainRecord)))
    case "getTaskSummary":
      return Effect.map(
        tasks.getTaskSummary(call.taskId),
        (found) => Option.getOrUndefined(Option.map(found, plainRecord))
      )
    case "getTaskResult":
      return Effect.map(tasks.getTaskResult(call.taskId), Option.getOrUndefined)
    case "taskCount":
      return tasks.taskCount()
    case "list":
      return readPage(subject, call, { session: call.actor.session, read: plainList(call) })
    case "filter":
      return readPage(subject, call, { session: call.actor.session, read: filteredList(subject, call) })
    case "next":
      return subject.list === undefined
        ? Effect.succeed("no cursor")
        : readPage(subject, call, subject.list, subject.list.cursor)
    case "claimableTasks":
      return storage.claimableTasks(claimable(call.wanted))
    case "expireTasks":
      return Effect.map(storage.expireTasks(), sortedIds)
    case "forgetSession":
      return storage.forgetSession(call.session)
    case "importTask":
      return Effect.map(
        storage.importTask(recordOf(call.record), { dryRun: call.dryRun }),
        (result) => result._tag === "Differs" ? { ...result, fields: result.fields.toSorted() } : result
      )
    case "recoverStuckTasks": {
      const { _tag: _, actor: __, maxAge, ...options } = call
      return Effect.map(storage.recoverStuckTasks(maxAge, options), sortedIds)
    }
  }
}

const plainStats = (stats: TaskStats) => ({
  count: stats.count,
  byStatus: plainStatuses(stats.byStatus),
  byName: stats.byName.map(({ byStatus, name }) => `${name ?? ""} ${JSON.stringify(plainStatuses(byStatus))}`)
    .toSorted(),
  failures: stats.failures.map(({ count, latest, name, reason }) =>
    `${name ?? ""} ${reason} ${count} ${latest.epochMilliseconds}`
  ).toSorted(),
  waiting: stats.waitingForInput.since === undefined
    ? [stats.waitingForInput.count]
    : [stats.waitingForInput.count, stats.waitingForInput.since.epochMilliseconds],
  workers: stats.workers.live
})

const plainStatuses = (byStatus: TaskStats["byStatus"]) =>
  Object.fromEntries(taskStatuses.flatMap((status) => {
    const { count, oldest } = byStatus[status]
    return oldest === undefined ? [] : [[status, [count, oldest.epochMilliseconds]]]
  }))

const withFailure = <Options extends { readonly failure?: "bare" | "stacked" }>({ failure, ...options }: Options) => ({
  ...options,
  failure: failureNamed(failure)
})

const planned = (
  tasks: SessionTasks,
  brief: true | undefined,
  write: <Written>(writes: PlannedWrites<Written>) => Effect.Effect<Written, TaskStorageError>
) =>
  brief === true
    ? Effect.map(write<TaskSummary>(tasks.withSummary), plainRecord)
    : Effect.map(write<TaskRecord>(tasks), plainRecord)

const plainClaim = ({ abandoned, record }: ClaimedTask) => ({ abandoned, record: plainRecord(record) })

const claimable = ({ except, kinds, runs, ...wanted }: Wanted): ClaimableOptions => ({
  ...wanted,
  kinds: kinds === undefined ? undefined : kindsNamed[kinds],
  exceptSessions: except === undefined ? undefined : [except],
  running: runs === undefined ? undefined : { [actorSession]: runs }
})

const kindsNamed = {
  named: [{ method: "tools/call", name: "search" }],
  nameless: [{ method: "tools/call", name: null }],
  "of any name": [{ method: "other" }, { method: "tools/call" }],
  other: [{ method: "tools/call", name: "other" }]
} as const

const pausable = {
  "of any name": { method: "tools/call" },
  nameless: { method: "tools/call", name: null },
  named: { method: "tools/call", name: "search" }
} as const

/** Each with its place in the list. */
const plainPause = ({ name, pausedAt }: PausedKind): string => {
  const kind = name === undefined ? "0 of any name" : name === null ? "1 nameless" : "2 named"
  return `${kind} ${pausedAt.epochMilliseconds}`
}

/**
 * Tells whether a storage shows what a command asks for: news of workers take a driver.
 *
 * @since 0.2.0
 * @category guards
 */
export const isShown = ({ drivers }: StoragePair, { _tag }: Command | Call): boolean =>
  _tag !== "takeNews" || drivers !== undefined

const sortedIds = (ids: ReadonlyArray<string>): ReadonlyArray<string> => ids.toSorted()

const mapOf = (keys: ReadonlyArray<string>, value: string): { readonly [key: string]: string } =>
  Object.fromEntries(keys.map((key) => [key, value]))

const newTask = (subject: Subject, call: Extract<Call, { readonly _tag: "createTask" }>) => {
  const { age, asks, hold, name, principal, result, sessionId, status, statusMessage, taskId, traceparent, ttl } = call
  const createdAt = age === undefined ? undefined : DateTime.makeUnsafe(subject.clock.currentTimeMillisUnsafe() - age)
  return {
    ...hold,
    originalMethod: "tools/call",
    createdAt,
    lastUpdatedAt: createdAt,
    inputRequests: asks === undefined ? undefined : { [asks]: "asked" },
    name,
    principal,
    result: result === undefined ? undefined : outcomeNamed(result),
    sessionId,
    status,
    statusMessage,
    taskId,
    traceparent,
    ttl
  }
}

const plainList = ({ status, summaries }: Extract<Call, { readonly _tag: "list" }>): ReadList =>
  summaries
    ? (tasks, options) => tasks.listTaskSummaries({ ...options, status })
    : (tasks, options) => tasks.listTasks(options)

const filteredList = (subject: Subject, call: Extract<Call, { readonly _tag: "filter" }>): ReadList => {
  const filter: Filter = call.filter
  const { createdAfter, createdBefore, status, statuses, updatedAfter, updatedBefore, ...rest } = filter
  const now = subject.clock.currentTimeMillisUnsafe()
  const ago = (age: number | undefined) => age === undefined ? undefined : DateTime.makeUnsafe(now - age)
  const wanted = {
    ...rest,
    order: call.order,
    status: statuses ?? status,
    createdAfter: ago(createdAfter),
    createdBefore: ago(createdBefore),
    updatedAfter: ago(updatedAfter),
    updatedBefore: ago(updatedBefore)
  }
  return (tasks, options) => tasks.listTaskSummaries({ ...options, ...wanted })
}

const readPage = (
  subject: Subject,
  { actor, limit }: Pick<Extract<Call, { readonly _tag: "list" }>, "actor" | "limit">,
  { read, session }: ReadableList,
  cursor?: string
) =>
  Effect.map(read(tasksOf(subject[actor.handle], session), { cursor, limit }), ({ nextCursor, tasks }) => {
    subject.list = nextCursor === undefined ? undefined : { session, read, cursor: nextCursor }
    return { more: nextCursor !== undefined, tasks: tasks.map(plainRecord) }
  })
