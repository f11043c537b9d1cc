/**
 * The operations on tasks as promises, of one session or of all.
 *
 * @since 0.1.0
 */
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { PlainOf } from "../domain/operations/TaskOperation.ts"
import type { PlannedWrites, SessionTasks } from "../domain/service/TaskOperations.ts"
import { InvalidInput } from "../domain/task/TaskError.ts"
import {
  claimCall,
  listCall,
  plainCall,
  requireInputCall,
  rerunCall,
  settleCall,
  statusCall,
  storeResultCall,
  summaryListCall,
  touchCall,
  workerCall
} from "./callOptions.ts"
import {
  decodeCreateTask,
  decodeFilter,
  decodeTask,
  encodeClaimedTask,
  encodeProvidedInput,
  encodeSummary,
  encodeSummaryOption,
  encodeSummaryPage,
  encodeTask,
  encodeTaskOption,
  encodeTaskPage
} from "./codec.ts"
import { iterate } from "./iterate.ts"
import type { PromiseCalls } from "./PromiseCalls.ts"
import type { PromisePlannedWrites, PromiseSessionTasks } from "./PromiseTaskStorage.ts"
import type { CreateTask } from "./Task.ts"

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
  ...makePlannedWrites(tasks, calls, encodeTask),

  withSummary: makePlannedWrites(() => tasks().withSummary, calls, encodeSummary),

  createTask: (task, options) =>
    calls.write("createTask", options, plainCall, () => {
      const decoded = decodeCreateTask(task)
      const named = generateId === undefined ? decoded : withId(decoded, generateId)
      return tasks().createTask(named)
    }, encodeTask),

  rerunTask: (taskId, options) =>
    calls.write("rerunTask", options, rerunCall, (own) => {
      return tasks().rerunTask(taskId, generateId === undefined ? own : withId(own ?? {}, generateId))
    }, encodeTask),

  getTask: (taskId, options) =>
    calls.readTask("getTask", options, plainCall, () => tasks().getTask(taskId), encodeTaskOption),

  getTaskSummary: (taskId, options) =>
    calls.readTask("getTaskSummary", options, plainCall, () => tasks().getTaskSummary(taskId), encodeSummaryOption),

  updateTask: (record, options) =>
    calls.write("updateTask", options, plainCall, () => tasks().updateTask(decodeTask(record)), encodeTask),

  deleteTask: (taskId, options) =>
    calls.write("deleteTask", options, plainCall, () => tasks().deleteTask(taskId), identity),

  listTasks: (options) => calls.read("listTasks", options, listCall, (own) => tasks().listTasks(own), encodeTaskPage),

  listTaskSummaries: (options) =>
    calls.read(
      "listTaskSummaries",
      options,
      summaryListCall,
      (own) => tasks().listTaskSummaries(decodeFilter(own)),
      encodeSummaryPage
    ),

  getTaskResult: (taskId, options) =>
    calls.read(
      "getTaskResult",
      options,
      plainCall,
      () => tasks().getTaskResult(taskId),
      Option.getOrUndefined
    ),

  claimTask: (taskId, options) =>
    calls.write("claimTask", options, claimCall, (own) => tasks().claimTask(taskId, own ?? {}), encodeClaimedTask),

  storeTaskStep: (taskId, key, value, options) =>
    calls.write(
      "storeTaskStep",
      options,
      workerCall,
      (own) => tasks().storeTaskStep(taskId, key, value, own),
      encodeTask
    ),

  requireInput: (taskId, requests, options) =>
    calls.write("requireInput", options, requireInputCall, (own) => {
      return tasks().requireInput(taskId, requests, own)
    }, encodeTask),

  provideInput: (taskId, responses, options) =>
    calls.write(
      "provideInput",
      options,
      plainCall,
      () => tasks().provideInput(taskId, responses),
      encodeProvidedInput
    ),

  taskCount: (options) => calls.read("taskCount", options, plainCall, () => tasks().taskCount(), identity),

  changes: (taskId, options) =>
    iterate({ name: "changes" }, calls, options, plainCall, () => Stream.map(tasks().changes(taskId), encodeTask)),

  awaitTask: (taskId, options) =>
    calls.wait("awaitTask", options, plainCall, () => tasks().awaitTask(taskId), encodeTask)
})

const makePlannedWrites = <Decoded>(
  writes: () => PlannedWrites<Decoded>,
  calls: PromiseCalls,
  encode: (task: Decoded) => PlainOf<Decoded>
): PromisePlannedWrites<PlainOf<Decoded>> => ({
  updateTaskStatus: (taskId, status, options) =>
    calls.writeTask(
      "updateTaskStatus",
      options,
      statusCall,
      (own) => writes().updateTaskStatus(taskId, status, own),
      encode
    ),

  storeTaskResult: (taskId, outcome, options) =>
    calls.writeTask(
      "storeTaskResult",
      options,
      storeResultCall,
      (own) => writes().storeTaskResult(taskId, outcome, own),
      encode
    ),

  settleTask: (taskId, outcome, options) =>
    calls.writeTask("settleTask", options, settleCall, (own) => writes().settleTask(taskId, outcome, own), encode),

  touchTask: (taskId, options) =>
    calls.writeTask("touchTask", options, touchCall, (own) => writes().touchTask(taskId, own), encode)
})

/** Gives a task an id, if it has none. */
const withId = <Task extends Pick<CreateTask, "taskId">>(task: Task, generateId: () => unknown): Task => {
  if (task.taskId !== undefined) return task
  return { ...task, taskId: newId(generateId) }
}

/**
 * Generates an id. Throws `InvalidInput` for what is none.
 *
 * @since 0.2.0
 * @category constructors
 */
export const newId = (generateId: () => unknown): string => {
  const taskId = generateId()
  if (typeof taskId !== "string") throw new InvalidInput({ field: "generateId", reason: "must return a string" })
  return taskId
}
