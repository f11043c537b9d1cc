/**
 * The operations on tasks as promises, of one session or of all.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { InvalidInput } from "../domain/TaskError.ts"
import type { SessionTasks } from "../domain/TaskOperations.ts"
import {
  decodeCreateTask,
  decodeTask,
  encodeClaimedTask,
  encodeProvidedInput,
  encodeSummaryOption,
  encodeSummaryPage,
  encodeTask,
  encodeTaskOption,
  encodeTaskPage
} from "./codec.ts"
import type { PromiseCalls } from "./PromiseCalls.ts"
import type { PromiseSessionTasks } from "./PromiseTaskStorage.ts"
import type { CreateTask } from "./Task.ts"
import { watchTask } from "./watchTask.ts"

/**
 * Makes the promises of operations on tasks. `tasks` is asked for them on every call, and may throw `InvalidInput`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePromiseSessionTasks = (
  tasks: () => SessionTasks,
  calls: PromiseCalls,
  generateId: (() => string) | undefined
): PromiseSessionTasks => ({
  createTask: (task, options) =>
    calls.write("createTask", options, () => {
      const decoded = decodeCreateTask(task)
      const named = generateId === undefined ? decoded : withId(decoded, generateId)
      return Effect.map(tasks().createTask(named), encodeTask)
    }),

  getTask: (taskId, options) =>
    calls.read("getTask", options, () => Effect.map(tasks().getTask(taskId), encodeTaskOption)),

  getTaskSummary: (taskId, options) =>
    calls.read("getTaskSummary", options, () => Effect.map(tasks().getTaskSummary(taskId), encodeSummaryOption)),

  updateTask: (record, options) =>
    calls.write("updateTask", options, () => Effect.map(tasks().updateTask(decodeTask(record)), encodeTask)),

  deleteTask: (taskId, options) => calls.write("deleteTask", options, () => tasks().deleteTask(taskId)),

  listTasks: (options) =>
    calls.read("listTasks", options, () => Effect.map(tasks().listTasks(options), encodeTaskPage)),

  listTaskSummaries: (options) =>
    calls.read("listTaskSummaries", options, () => Effect.map(tasks().listTaskSummaries(options), encodeSummaryPage)),

  updateTaskStatus: (taskId, status, options) =>
    calls.write(
      "updateTaskStatus",
      options,
      () => Effect.map(tasks().updateTaskStatus(taskId, status, options), encodeTask)
    ),

  storeTaskResult: (taskId, outcome, options) =>
    calls.write(
      "storeTaskResult",
      options,
      () => Effect.map(tasks().storeTaskResult(taskId, outcome, options), encodeTask)
    ),

  getTaskResult: (taskId, options) =>
    calls.read("getTaskResult", options, () => Effect.map(tasks().getTaskResult(taskId), Option.getOrUndefined)),

  settleTask: (taskId, outcome, options) =>
    calls.write("settleTask", options, () => Effect.map(tasks().settleTask(taskId, outcome, options), encodeTask)),

  touchTask: (taskId, options) =>
    calls.write("touchTask", options, () => Effect.map(tasks().touchTask(taskId, options), encodeTask)),

  claimTask: (taskId, options) =>
    calls.write("claimTask", options, () => Effect.map(tasks().claimTask(taskId, options), encodeClaimedTask)),

  storeTaskStep: (taskId, key, value, options) =>
    calls.write(
      "storeTaskStep",
      options,
      () => Effect.map(tasks().storeTaskStep(taskId, key, value, options), encodeTask)
    ),

  requireInput: (taskId, requests, options) =>
    calls.write("requireInput", options, () => Effect.map(tasks().requireInput(taskId, requests, options), encodeTask)),

  provideInput: (taskId, responses, options) =>
    calls.write(
      "provideInput",
      options,
      () => Effect.map(tasks().provideInput(taskId, responses), encodeProvidedInput)
    ),

  taskCount: (options) => calls.read("taskCount", options, () => tasks().taskCount()),

  changes: (taskId, options) => watchTask(calls, options, () => tasks().changes(taskId)),

  awaitTask: (taskId, options) =>
    calls.wait("awaitTask", options, () => Effect.map(tasks().awaitTask(taskId), encodeTask))
})

/**
 * Gives a task an id, if it has none.
 *
 * @since 0.2.0
 * @category combinators
 */
export const withId = <Task extends Pick<CreateTask, "taskId">>(task: Task, generateId: () => unknown): Task => {
  if (task.taskId !== undefined) return task
  const taskId = generateId()
  if (typeof taskId !== "string") throw new InvalidInput({ field: "generateId", reason: "must return a string" })
  return { ...task, taskId }
}
