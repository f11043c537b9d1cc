/**
 * The promise facade over a running storage.
 *
 * @since 0.1.0
 */
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { parseId } from "../domain/options/ArgumentParsers.ts"
import type { TaskMessages, TaskStorageShape } from "../domain/service/TaskOperations.ts"
import {
  claimableCall,
  claimTasksCall,
  enqueueCall,
  importCall,
  inspectCall,
  limitCall,
  listCall,
  plainCall,
  recoveryCall,
  reencryptCall,
  storageListCall
} from "./callOptions.ts"
import {
  decodeFilter,
  decodeImport,
  encodeClaimedTask,
  encodePausedKind,
  encodeSummaryPage,
  encodeTaskPage
} from "./codec.ts"
import { iterate } from "./iterate.ts"
import { makePromiseSessionTasks } from "./makePromiseSessionTasks.ts"
import { makePromiseTaskStats } from "./makePromiseTaskStats.ts"
import { makePromiseWorkers } from "./makePromiseWorkers.ts"
import type { PromiseCalls } from "./PromiseCalls.ts"
import type { PromiseTaskMessages, PromiseTaskStorage } from "./PromiseTaskStorage.ts"

/**
 * Makes the promise facade of a running storage. `generateId` names the tasks that are created without an id, in place
 * of the storage's own generator.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePromiseTaskStorage = (
  storage: TaskStorageShape,
  calls: PromiseCalls,
  generateId: (() => string) | undefined
): PromiseTaskStorage => ({
  ...makePromiseSessionTasks(() => storage, calls, generateId),
  ...makePromiseWorkers(storage, calls),
  ...makePromiseTaskStats(storage, calls),
  backendName: storage.backendName,

  listTaskSummaries: (options) =>
    calls.read("listTaskSummaries", options, storageListCall, (own) => {
      if (own?.sessionId !== undefined) requireId("sessionId", own.sessionId)
      return storage.listTaskSummaries(decodeFilter(own))
    }, encodeSummaryPage),

  listTasksForSession: (sessionId, options) =>
    calls.read(
      "listTasksForSession",
      options,
      listCall,
      (own) => storage.listTasksForSession(sessionId, own),
      encodeTaskPage
    ),

  importTask: (task, options) =>
    calls.write("importTask", options, importCall, (own) => storage.importTask(decodeImport(task), own), identity),

  forgetSession: (sessionId, options) =>
    calls.write("forgetSession", options, plainCall, () => storage.forgetSession(sessionId), identity),

  expireTasks: (options) => calls.write("expireTasks", options, limitCall, (own) => storage.expireTasks(own), identity),

  recoverStuckTasks: (maxAge, options) =>
    calls.write("recoverStuckTasks", options, recoveryCall, (own) => {
      return storage.recoverStuckTasks(maxAge, own)
    }, identity),

  claimableTasks: (options) =>
    calls.read("claimableTasks", options, claimableCall, (own) => storage.claimableTasks(own), identity),

  claimTasks: (options) =>
    calls.write(
      "claimTasks",
      options,
      claimTasksCall,
      (own) => storage.claimTasks(own ?? {}),
      (tasks) => tasks.map(encodeClaimedTask)
    ),

  pauseTasks: (kind, options) =>
    calls.write("pauseTasks", options, plainCall, () => storage.pauseTasks(kind), identity),

  resumeTasks: (kind, options) =>
    calls.write("resumeTasks", options, plainCall, () => storage.resumeTasks(kind), identity),

  pausedTasks: (options) =>
    calls.read(
      "pausedTasks",
      options,
      plainCall,
      () => storage.pausedTasks(),
      (paused) => paused.map(encodePausedKind)
    ),

  pauseNews: (options) => iterate({ name: "pauseNews" }, calls, options, plainCall, () => storage.pauseNews),

  maintenance: (options) => calls.write("maintenance", options, plainCall, () => storage.maintenance(), identity),

  inspectStore: (options) =>
    calls.write("inspectStore", options, inspectCall, (own) => storage.inspectStore(own), identity),

  reencryptTasks: (options) =>
    iterate(
      { name: "reencryptTasks", kind: "write" },
      calls,
      options,
      reencryptCall,
      (own) => storage.reencryptTasks(own)
    ),

  forSession: (sessionId) => {
    const tasks = storage.forSession(sessionId)
    // A service of a third party may give every task to a caller that forgot the session.
    const checked = () => {
      if (sessionId !== null) requireId("sessionId", sessionId)
      return tasks
    }
    return makePromiseSessionTasks(checked, calls, generateId)
  },

  messages: makeMessages(storage.messages, calls),

  close: () => calls.close(),
  [Symbol.asyncDispose]: () => calls.close()
})

const makeMessages = (messages: TaskMessages, calls: PromiseCalls): PromiseTaskMessages => ({
  enqueue: (taskId, message, options) =>
    calls.write("messages.enqueue", options, enqueueCall, (own) => {
      return messages.enqueue(taskId, message, own)
    }, identity),

  dequeue: (taskId, options) =>
    calls.write(
      "messages.dequeue",
      options,
      plainCall,
      () => messages.dequeue(taskId),
      Option.getOrUndefined
    ),

  dequeueAll: (taskId, options) =>
    calls.write("messages.dequeueAll", options, plainCall, () => messages.dequeueAll(taskId), identity)
})

/** Throws `InvalidInput` for a value that cannot be an id. */
const requireId = (field: string, id: unknown): void => {
  const parsed = parseId(field, id)
  if (Result.isFailure(parsed)) throw parsed.failure
}
