/**
 * Making the operations for operators on a storage.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import { allOf } from "../domain/effects/allOf.ts"
import { parseFlag } from "../domain/options/ArgumentParsers.ts"
import { type OptionNames, readOptions } from "../domain/options/optionNames.ts"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import type { InvalidInput, TaskStorageError } from "../domain/task/TaskError.ts"
import { isTerminal } from "../domain/task/TaskStatus.ts"
import type { TaskAdminShape } from "./AdminOperations.ts"
import type { TaskSelection } from "./AdminOptions.ts"
import { copyTasks } from "./copyTasks.ts"
import { eraseSession } from "./eraseSession.ts"
import { exportTasks } from "./exportTasks.ts"
import { findTask } from "./findTask.ts"
import { goneReason } from "./goneReason.ts"
import { importTasks } from "./importTasks.ts"
import {
  bulkOptions,
  cancelOptions,
  cancelTasksOptions,
  eraseOptions,
  exportOptions,
  importTasksOptions,
  rerunTasksOptions
} from "./operationOptions.ts"
import { type BulkAction, runBulk, type Skip } from "./runBulk.ts"
import { storageOperations } from "./storageOperations.ts"

/**
 * Makes the operations for operators on a storage.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskAdmin = (storage: TaskStorageShape): TaskAdminShape => ({
  ...Struct.pick(storage, storageOperations),
  findTask: (idOrEnding) => findTask(storage, idOrEnding),

  cancelTask: (taskId, options) =>
    Effect.flatMap(
      Effect.fromResult(readOptions(options, cancelOptions)),
      (options) => cancel(storage, taskId, options)
    ),

  rerunTasks: (selection, options) =>
    reading(options, rerunTasksOptions, (options) =>
      Result.map(
        allOf([parseFlag("again", options?.again), parseFlag("steps", options?.steps)]),
        ([again, steps]) => runBulk(storage, selection, options, rerunAction(storage, again, steps))
      )),

  cancelTasks: (selection, options) =>
    reading(
      options,
      cancelTasksOptions,
      (options) => Result.succeed(runBulk(storage, selection, options, cancelAction(storage, selection, options)))
    ),

  deleteTasks: (selection, options) =>
    reading(
      options,
      bulkOptions,
      (options) => Result.succeed(runBulk(storage, selection, options, deleteAction(storage)))
    ),

  eraseSession: (sessionId, options) =>
    reading(options, eraseOptions, (options) => eraseSession(storage, sessionId, options, deleteAction(storage))),

  exportTasks: (selection, options) =>
    reading(options, exportOptions, (options) => Result.succeed(exportTasks(storage, selection, options))),

  importTasks: (lines, options) =>
    reading(options, importTasksOptions, (options) => Result.succeed(importTasks(storage, lines, options))),

  copyTasks: (to, selection, options) =>
    reading(options, bulkOptions, (options) => Result.succeed(copyTasks(storage, to, selection, options)))
})

/** Reads the options when the stream runs, so that a wrong one is its failure. */
const reading = <Options extends object, A, E, R>(
  options: Options | undefined,
  names: OptionNames<NoInfer<Options>>,
  use: (options: Options | undefined) => Result.Result<Stream.Stream<A, E, R>, InvalidInput>
): Stream.Stream<A, E | InvalidInput, R> =>
  Stream.unwrap(Effect.suspend(() => Effect.fromResult(Result.flatMap(readOptions(options, names), use))))

const cancel = (
  storage: TaskStorageShape,
  taskId: string,
  options: { readonly statusMessage?: string | null | undefined } | undefined
): ReturnType<TaskAdminShape["cancelTask"]> =>
  Effect.catchTags(
    storage.withSummary.updateTaskStatus(taskId, "cancelled", { statusMessage: options?.statusMessage }),
    {
      // Every status that is not terminal leads to `cancelled`, and nobody names an attempt here.
      InvalidTransition: Effect.die,
      LeaseLost: Effect.die
    }
  )

const rerunAction = (storage: TaskStorageShape, again: boolean, steps: boolean): BulkAction => ({
  isOwn: ({ createdAt, rerunOf }, began) => rerunOf !== undefined && createdAt.epochMilliseconds >= began,
  skip: ({ rerunAs, status }) =>
    isTerminal(status)
      ? rerunAs === undefined || again ? undefined : wasRerun(rerunAs)
      : hasNotEnded(status),
  act: (taskId) =>
    Effect.map(
      storage.rerunTask(taskId, { again, steps }),
      ({ taskId: rerunAs }) => ({ _tag: "Done", taskId, rerunAs })
    ),
  lost
})

const cancelAction = (
  storage: TaskStorageShape,
  selection: TaskSelection,
  options: { readonly statusMessage?: string | null | undefined } | undefined
): BulkAction => ({
  skip: ({ status }) => isTerminal(status) ? hasEnded(status) : undefined,
  act: (taskId) => Effect.as(cancel(storage, taskId, options), { _tag: "Done", taskId }),
  leaves: ({ _tag }) => _tag === "Done" && !isForCancelled(selection),
  lost
})

const isForCancelled = ({ status = "cancelled", updatedBefore }: TaskSelection): boolean =>
  updatedBefore === undefined && status.includes("cancelled")

const deleteAction = (storage: TaskStorageShape): BulkAction => ({
  skip: () => undefined,
  act: (taskId) =>
    Effect.map(
      storage.deleteTask(taskId),
      (wasThere) => wasThere ? { _tag: "Done", taskId } : { _tag: "Skipped", taskId, ...isGone }
    ),
  // A task is only skipped if it is gone.
  leaves: ({ _tag }) => _tag === "Done" || _tag === "Skipped",
  lost
})

const isGone: Skip = { reason: goneReason }
const hasEnded = (status: string): Skip => ({ reason: `it has ended and is ${status}` })
const hasNotEnded = (status: string): Skip => ({ reason: `it has not ended and is ${status}` })
/** The reason is the same for all such tasks, so that a person can be told of how many it is. */
const wasRerun = (rerunAs: string): Skip => ({ reason: "it was run again before", rerunAs })

const lost = (error: TaskStorageError): Skip | undefined => {
  switch (error._tag) {
    case "TaskNotFound":
      return isGone
    case "TerminalState":
      return hasEnded(error.status)
    case "TaskNotEnded":
      return hasNotEnded(error.status)
    case "TaskAlreadyRerun":
      return wasRerun(error.rerunAs)
    case "TaskAlreadyExists":
    case "InvalidTransition":
    case "ResultAlreadyStored":
    case "InputKeyReused":
    case "LeaseLost":
    case "LeaseHeld":
    case "WorkerLost":
    case "MaxTasksReached":
    case "ConcurrentModification":
    case "InvalidInput":
    case "InvalidCursor":
    case "PayloadTooLarge":
    case "TaskStorageUnavailable":
      return undefined
  }
}
