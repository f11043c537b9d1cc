/**
 * What the page shows, read from the storage.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ownValue } from "../../domain/json/ownValue.ts"
import type { SummaryPage, TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import { InvalidInput, TaskNotFound, type TaskStorageError } from "../../domain/task/TaskError.ts"
import { TaskRecord, TaskSummary } from "../../domain/task/TaskRecord.ts"
import { WorkerRecord } from "../../domain/task/WorkerRecord.ts"
import {
  type FoundView,
  type History,
  type OverviewView,
  payloadParts,
  type TaskJson,
  type TasksView,
  type TaskView,
  type WorkersView
} from "./Api.ts"
import { readFilter } from "./readFilter.ts"
import { taskHistory } from "./taskHistory.ts"

/**
 * What a view takes from the address.
 *
 * @since 0.2.0
 * @category models
 */
export type View<A> = (storage: TaskStorageShape, address: URLSearchParams) => Effect.Effect<A, TaskStorageError>

const encodeSummary = Schema.encodeSync(TaskSummary)
const encodeRecord = Schema.encodeSync(TaskRecord)
const encodeWorker = Schema.encodeSync(WorkerRecord)

const pageSize = 100

/**
 * A page of the list of tasks, the newest first unless the address says otherwise.
 *
 * @since 0.2.0
 * @category views
 */
export const tasksView: View<TasksView> = Effect.fnUntraced(function*(storage, address) {
  const rest = new URLSearchParams(address)
  rest.delete("cursor")
  const { filter, fixed } = yield* Effect.fromResult(readFilter(rest, yield* Clock.currentTimeMillis))
  const cursor = address.get("cursor") ?? undefined
  const page = yield* storage.listTaskSummaries({ order: "newest", ...filter, cursor, limit: pageSize })
  return { ...page, tasks: page.tasks.map(listed), fixed }
})

const listed = (summary: TaskSummary): TaskJson => {
  const { meta: _, ...task } = encodeSummary(summary)
  return task
}

const idIn = (address: URLSearchParams): string => address.get("id") ?? ""

const taskIn = Effect.fnUntraced(function*(storage: TaskStorageShape, address: URLSearchParams) {
  const taskId = idIn(address)
  const record = yield* storage.getTask(taskId)
  return Option.isSome(record) ? record.value : yield* new TaskNotFound({ taskId })
})

/**
 * A task with all that is no payload.
 *
 * @since 0.2.0
 * @category views
 */
export const taskView: View<TaskView> = (storage, address) =>
  Effect.flatMap(taskIn(storage, address), (record) => withHolder(storage, describe(record)))

/**
 * The same to be looked at again and again: its payloads are read once, and then only when it was written.
 *
 * @since 0.2.0
 * @category views
 */
export const followTask: View<TaskView> = (storage, address) => {
  let seen: { readonly summary: TaskSummary; readonly description: Description } | undefined
  return Effect.gen(function*() {
    const taskId = idIn(address)
    const found = yield* storage.getTaskSummary(taskId)
    if (Option.isNone(found)) return yield* new TaskNotFound({ taskId })
    if (seen === undefined || !isSame(seen.summary, found.value)) {
      seen = { summary: found.value, description: describe(yield* taskIn(storage, address)) }
    }
    return yield* withHolder(storage, seen.description)
  })
}

/** An id may be used again. */
const isSame = (left: TaskSummary, right: TaskSummary): boolean =>
  left.revision === right.revision && left.createdAt.epochMilliseconds === right.createdAt.epochMilliseconds

type Description = Omit<TaskView, "worker">

const describe = (record: TaskRecord): Description => {
  const { inputRequests, inputResponses, meta, originalParams, principal, requestState, result, steps, ...task } =
    encodeRecord(record)
  const parts = { inputRequests, inputResponses, meta, originalParams, principal, requestState, result, steps }
  const sizes = payloadParts.flatMap((part) => parts[part] === undefined ? [] : [[part, sizeOf(parts[part])] as const])
  return {
    task,
    ...(result === undefined ? {} : { outcome: outcomeOf(result) }),
    steps: Object.keys(steps ?? {}),
    questions: Object.keys(inputRequests ?? {}),
    answers: Object.keys(inputResponses ?? {}),
    payloads: Object.fromEntries(sizes)
  }
}

/** Its worker may die while the task stays as it is. */
const withHolder = Effect.fnUntraced(function*(storage: TaskStorageShape, description: Description) {
  const id = description.task.worker
  if (id === undefined) return description
  const holder = (yield* storage.listWorkers()).find(({ worker }) => worker.workerId === id)
  return holder === undefined ? description : { ...description, worker: encodeWorker(holder.worker) }
})

const sizeOf = (value: unknown): number => JSON.stringify(value).length

const outcomeOf = (result: NonNullable<typeof TaskRecord.Encoded["result"]>): NonNullable<TaskView["outcome"]> =>
  result._tag === "Success" ? { _tag: "Success" } : { _tag: "Error", code: result.code, message: result.message }

/**
 * One payload of a task.
 *
 * @since 0.2.0
 * @category views
 */
export const payloadView: View<unknown> = Effect.fnUntraced(function*(storage, address) {
  const named = address.get("part")
  const part = payloadParts.find((part) => part === named)
  if (part === undefined) {
    return yield* new InvalidInput({ field: "part", reason: `must be one of ${payloadParts.join(", ")}` })
  }
  return encodeRecord(yield* taskIn(storage, address))[part] ?? null
})

/**
 * @since 0.2.0
 * @category views
 */
export const workersView: View<WorkersView> = Effect.fnUntraced(function*(storage) {
  const workers = yield* storage.listWorkers()
  return { workers: workers.map(({ tasks, worker }) => ({ worker: encodeWorker(worker), tasks })) }
})

/** How many tasks the charts are made of at most. More would take the engine longer than the charts are worth. */
const maxHistory = 10_000

const spans: Readonly<Record<string, Duration.Duration>> = {
  "15m": Duration.minutes(15),
  "1h": Duration.hours(1),
  "6h": Duration.hours(6),
  "24h": Duration.hours(24),
  "7d": Duration.days(7)
}

/**
 * How things stand, and how they went in a span of time that ends now.
 *
 * @since 0.2.0
 * @category views
 */
export const overviewView: View<OverviewView<DateTime.Utc>> = Effect.fnUntraced(function*(storage, address) {
  const span = ownValue(spans, address.get("span") ?? "1h")
  if (span === undefined) {
    return yield* new InvalidInput({ field: "span", reason: `must be one of ${Object.keys(spans).join(", ")}` })
  }
  return {
    stats: yield* storage.taskStats({ failuresSince: span }),
    history: yield* historyOf(storage, span)
  }
})

const historyOf = Effect.fnUntraced(function*(storage: TaskStorageShape, span: Duration.Duration) {
  const now = yield* DateTime.now
  const from = DateTime.subtractDuration(now, span)
  const told: Array<TaskSummary> = []
  let examined = 0
  let cursor: string | undefined
  do {
    const page: SummaryPage<TaskSummary> = yield* storage.listTaskSummaries({
      order: "newest",
      updatedAfter: from,
      limit: 1000,
      cursor
    })
    told.push(...page.tasks)
    examined += page.examined ?? page.tasks.length
    cursor = page.nextCursor
  } while (cursor !== undefined && examined < maxHistory)
  const history: History = {
    ...taskHistory(told, from.epochMilliseconds, now.epochMilliseconds),
    examined,
    partial: cursor !== undefined
  }
  return history
})

/** More are not told apart by a look. */
const maxFound = 10

/**
 * The tasks whose ids end so.
 *
 * @since 0.2.0
 * @category views
 */
export const findView: View<FoundView> = Effect.fnUntraced(function*(storage, address) {
  return { ids: yield* storage.findTaskIds({ ending: address.get("ending") ?? "", limit: maxFound }) }
})
