/**
 * The reference model: what each command does and answers, one after the other.
 *
 * @since 0.1.0
 */
import type { Call } from "./Call.ts"
import { dequeueMessages, enqueueMessage } from "./modelMessages.ts"
import { countTasks, listClaimable, listNext, listPage, readResult, readTask } from "./modelReads.ts"
import type { ModelOptions, ModelState, Step } from "./ModelState.ts"
import { recoverTasks, removeExpired } from "./modelSweeps.ts"
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
export const emptyModel = (now: number, options: ModelOptions): ModelState => ({
  now,
  options,
  tasks: [],
  messages: [],
  cursor: undefined
})

/**
 * Makes one step. `learned` is the reason that the library gave for a recovery; its wording is not the model's business.
 *
 * @since 0.1.0
 * @category running
 */
export const modelStep = (state: ModelState, call: Call, learned = ""): Step => {
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
    case "next":
      return listNext(state, call.limit)
    case "advance":
      return [{ value: undefined }, { ...state, now: state.now + call.millis }]
    case "claimableTasks":
      return [{ value: listClaimable(state, call) }, state]
    case "expireTasks":
      return removeExpired(state)
    case "recoverStuckTasks":
      return recoverTasks(state, call, learned)
  }
}
