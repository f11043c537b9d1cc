/**
 * How the reference model reads.
 *
 * @since 0.1.0
 */
import type { TaskStatus } from "../../domain/TaskStatus.ts"
import { plainRecord } from "../PlainRecord.ts"
import { type Answer, refusal } from "./Answer.ts"
import type { Actor, Command } from "./Command.ts"
import { type ModelCursor, type ModelState, type ModelTask, recordOf, type Step } from "./ModelState.ts"

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
  const query = {
    session: call.actor.session,
    status: call.summaries ? call.status : undefined,
    summaries: call.summaries
  }
  return pageOf(state, query, undefined, call.limit ?? 50)
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
    : pageOf(state, state.cursor, state.cursor.after, limit)

interface ListQuery {
  readonly session: string | null | undefined
  readonly status: TaskStatus | undefined
  readonly summaries: boolean
}

const pageOf = (state: ModelState, query: ListQuery, after: ModelCursor["after"] | undefined, limit: number): Step => {
  const { session, status, summaries } = query
  const following = visible(state, session)
    .filter((task) => status === undefined || task.status === status)
    .filter((task) => after === undefined || inOrder(after, task) < 0)
    .toSorted(inOrder)
  const tasks = following.slice(0, limit)
  const last = tasks.at(-1)
  const more = following.length > tasks.length
  const answer = { value: { more, tasks: tasks.map((task) => showTask(task, summaries)) } }
  return [answer, {
    ...state,
    cursor: more && last !== undefined ? { session, status, summaries, after: last } : undefined
  }]
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
