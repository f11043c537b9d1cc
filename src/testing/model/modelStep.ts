/**
 * The reference model: what each command does and answers, one after the other.
 *
 * @since 0.1.0
 */
import { asText, type Sizing } from "../../domain/task/StoredTask.ts"
import type { Answer } from "./Answer.ts"
import type { Call } from "./Call.ts"
import { claimTasks, listClaimable } from "./modelFree.ts"
import { importTask } from "./modelImports.ts"
import { dequeueMessages, enqueueMessage } from "./modelMessages.ts"
import { listPaused, pauseTasks, resumeTasks } from "./modelPauses.ts"
import { countTasks, listFiltered, listNext, listPage, readResult, readTask } from "./modelReads.ts"
import { rerunTask } from "./modelReruns.ts"
import type { ModelOptions, ModelState, Step } from "./ModelState.ts"
import { showStats } from "./modelStats.ts"
import { recoverTasks, removeExpired } from "./modelSweeps.ts"
import { declareDeadWorkers, endWorker, listWorkers, registerWorker, renewWorker, takeNews } from "./modelWorkers.ts"
import {
  claimTask,
  createTask,
  deleteTask,
  makeTransition,
  provideInput,
  replaceTask,
  requireInput,
  settleTask,
  storeResult,
  storeStep,
  touchTask
} from "./modelWrites.ts"

/**
 * Gives the model of an empty store.
 *
 * @since 0.1.0
 * @category constructors
 */
export const emptyModel = (now: number, options: ModelOptions, payloadBytes: Sizing = asText): ModelState => ({
  now,
  payloadBytes,
  options,
  tasks: [],
  messages: [],
  workers: [],
  names: {},
  pauses: [],
  cursor: undefined
})

/**
 * Makes one step. `given` is what the library answered, for what is its business and not the model's, such as a fresh id.
 * `reason` is what it gave for a recovery.
 *
 * @since 0.1.0
 * @category running
 */
export const modelStep = (state: ModelState, call: Call, given: Answer, reason = ""): Step => {
  switch (call._tag) {
    case "createTask":
      return createTask(state, call)
    case "updateTask":
      return replaceTask(state, call)
    case "deleteTask":
      return deleteTask(state, call)
    case "updateTaskStatus":
      return makeTransition(state, call)
    case "storeTaskResult":
      return storeResult(state, call)
    case "settleTask":
      return settleTask(state, call)
    case "touchTask":
      return touchTask(state, call)
    case "claimTask":
      return claimTask(state, call)
    case "rerunTask":
      return rerunTask(state, call)
    case "storeTaskStep":
      return storeStep(state, call)
    case "requireInput":
      return requireInput(state, call)
    case "provideInput":
      return provideInput(state, call)
    case "enqueue":
      return enqueueMessage(state, call)
    case "dequeue":
      return dequeueMessages(state, call.queue, 1)
    case "dequeueAll":
      return dequeueMessages(state, call.queue, Infinity)
    case "getTask":
      return [{ value: readTask(state, call, false) }, state]
    case "getTaskSummary":
      return [{ value: readTask(state, call, true) }, state]
    case "getTaskResult":
      return [readResult(state, call), state]
    case "taskCount":
      return [{ value: countTasks(state, call) }, state]
    case "list":
      return listPage(state, call)
    case "filter":
      return listFiltered(state, call)
    case "next":
      return listNext(state, call.limit)
    case "advance":
      return [{ value: undefined }, { ...state, now: state.now + call.millis }]
    case "claimableTasks":
      return listClaimable(state, call, given)
    case "claimTasks":
      return claimTasks(state, call)
    case "registerWorker":
      return registerWorker(state, call, given)
    case "renewWorker":
      return renewWorker(state, call)
    case "declareDeadWorkers":
      return declareDeadWorkers(state, call)
    case "endWorker":
      return endWorker(state, call, given)
    case "pauseTasks":
      return pauseTasks(state, call)
    case "resumeTasks":
      return resumeTasks(state, call)
    case "pausedTasks":
      return listPaused(state)
    case "taskStats":
      return [{ value: showStats(state, call) }, state]
    case "listWorkers":
      return listWorkers(state, given)
    case "takeNews":
      return takeNews(state, call, given)
    case "expireTasks":
      return removeExpired(state)
    case "forgetSession":
      return [{ value: undefined }, state]
    case "importTask":
      return importTask(state, call)
    case "recoverStuckTasks":
      return recoverTasks(state, call, reason)
  }
}
