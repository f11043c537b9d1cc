/**
 * How the reference model reads.
 *
 * @since 0.1.0
 */
import { plainRecord } from "../PlainRecord.ts"
import { type Answer, refusal } from "./Answer.ts"
import type { Actor, Command, Filter } from "./Command.ts"
import {
  kindOf,
  type ModelCursor,
  type ModelList,
  type ModelState,
  type ModelTask,
  recordOf,
  type Step
} from "./ModelState.ts"

/**
 * Tells whether a task has expired.
 *
 * @since 0.1.0
 * @category guards
 */
export const hasExpired = (state: ModelState, task: ModelTask): boolean =>
  task.ttl !== null && state.now >= task.createdAt + task.ttl

/**
 * Lists the tasks that a session sees.
 *
 * @since 0.1.0
 * @category accessors
 */
export const visible = (state: ModelState, session: string | null | undefined): ReadonlyArray<ModelTask> =>
  state.tasks.filter((task) => !hasExpired(state, task) && (session === undefined || task.sessionId === session))

/**
 * Finds a task that an actor sees.
 *
 * @since 0.1.0
 * @category accessors
 */
export const findTask = (
  state: ModelState,
  target: { readonly actor: Actor; readonly taskId: string }
): ModelTask | undefined => visible(state, target.actor.session).find(({ taskId }) => taskId === target.taskId)

/**
 * Reads a task as plain data, whole or as a summary.
 *
 * @since 0.1.0
 * @category reads
 */
export const readTask = (
  state: ModelState,
  call: Extract<Command, { readonly _tag: "getTask" | "getTaskSummary" }>,
  summary: boolean
): unknown => {
  const task = findTask(state, call)
  return task === undefined ? undefined : showTask(task, summary)
}

/**
 * Reads the outcome of a task.
 *
 * @since 0.1.0
 * @category reads
 */
export const readResult = (state: ModelState, call: Extract<Command, { readonly _tag: "getTaskResult" }>): Answer => {
  const task = findTask(state, call)
  return task === undefined
    ? refusal({ _tag: "TaskNotFound", taskId: call.taskId })
    : { value: task.result ?? undefined }
}

/**
 * Counts tasks.
 *
 * @since 0.1.0
 * @category reads
 */
export const countTasks = (state: ModelState, call: Extract<Command, { readonly _tag: "taskCount" }>): number =>
  visible(state, call.actor.session).length

/**
 * Reads the first page of a list.
 *
 * @since 0.1.0
 * @category reads
 */
export const listPage = (state: ModelState, call: Extract<Command, { readonly _tag: "list" }>): Step => {
  const { actor, limit = 50, status, summaries } = call
  const statuses = summaries && status !== undefined ? [status] : undefined
  return pageOf(state, { session: actor.session, summaries, order: "oldest", statuses }, undefined, limit)
}

/**
 * Reads the first page of a list with a filter.
 *
 * @since 0.2.0
 * @category reads
 */
export const listFiltered = (state: ModelState, call: Extract<Command, { readonly _tag: "filter" }>): Step => {
  const { actor, limit = 50, order = "oldest" } = call
  const filter: Filter = call.filter
  const ago = (age: number | undefined) => age === undefined ? undefined : state.now - age
  const list = {
    session: actor.session,
    summaries: true,
    order,
    statuses: filter.statuses ?? (filter.status === undefined ? undefined : [filter.status]),
    createdAfter: ago(filter.createdAfter),
    createdBefore: ago(filter.createdBefore),
    name: filter.name,
    resultKinds: typeof filter.resultKind === "string" ? [filter.resultKind] : filter.resultKind,
    updatedAfter: ago(filter.updatedAfter),
    updatedBefore: ago(filter.updatedBefore)
  }
  return pageOf(state, list, undefined, limit)
}

/**
 * Goes on with the list that was read last, if more of it was promised.
 *
 * @since 0.1.0
 * @category reads
 */
export const listNext = (state: ModelState, limit: number): Step =>
  state.cursor === undefined
    ? [{ value: "no cursor" }, state]
    : pageOf(state, state.cursor.list, state.cursor.after, limit)

const isListed = (list: ModelList, task: ModelTask): boolean =>
  (list.statuses === undefined || list.statuses.includes(task.status)) &&
  isBetween(task.createdAt, list.createdAfter, list.createdBefore) &&
  isBetween(task.lastUpdatedAt, list.updatedAfter, list.updatedBefore) &&
  (list.name === undefined || list.name === task.name) &&
  (list.resultKinds === undefined || (task.result !== null && list.resultKinds.includes(kindOf(task.result))))

const isBetween = (time: number, from: number | undefined, end: number | undefined): boolean =>
  (from === undefined || time >= from) && (end === undefined || time < end)

const pageOf = (state: ModelState, list: ModelList, after: ModelCursor["after"] | undefined, limit: number): Step => {
  const direction = list.order === "oldest" ? 1 : -1
  const following = visible(state, list.session)
    .filter((task) => isListed(list, task))
    .filter((task) => after === undefined || direction * inOrder(after, task) < 0)
    .toSorted((left, right) => direction * inOrder(left, right))
  const tasks = following.slice(0, limit)
  const last = tasks.at(-1)
  const more = following.length > tasks.length
  const answer = { value: { more, tasks: tasks.map((task) => showTask(task, list.summaries)) } }
  return [answer, { ...state, cursor: more && last !== undefined ? { list, after: last } : undefined }]
}

/**
 * Gives a task as plain data, whole or as a summary.
 *
 * @since 0.1.0
 * @category reads
 */
export const showTask = (task: ModelTask, summary: boolean): unknown => {
  if (!summary) return plainRecord(recordOf(task))
  const { failure } = task
  const withoutStack = failure === null ? null : { name: failure.name, message: failure.message, at: failure.at }
  const record = plainRecord(recordOf({ ...task, failure: withoutStack }))
  return Object.fromEntries(Object.entries(record).filter(([field]) => !largeFields.includes(field)))
}

const largeFields: ReadonlyArray<string> = [
  "inputRequests",
  "inputResponses",
  "requestState",
  "principal",
  "steps",
  "result"
]

const inOrder = (left: ModelCursor["after"], right: ModelCursor["after"]): number =>
  left.createdAt - right.createdAt || byBytes(left.taskId, right.taskId)

/**
 * Compares texts by their UTF-8 bytes, which are in the order of code points.
 *
 * @since 0.1.0
 * @category ordering
 */
export const byBytes = (left: string, right: string): number => {
  const [a, b] = [Array.from(left), Array.from(right)]
  for (const [index, char] of a.entries()) {
    const difference = (char.codePointAt(0) ?? 0) - (b[index]?.codePointAt(0) ?? -1)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
