/**
 * What the page changes.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { PauseOperations } from "../../domain/service/PauseOperations.ts"
import { InvalidInput, TaskNotFound, type TaskStorageError } from "../../domain/task/TaskError.ts"
import type { TaskAdminShape } from "../AdminOperations.ts"
import type { TaskSelection } from "../AdminOptions.ts"
import {
  actionNames,
  type BulkAction,
  type BulkAnswer,
  type PauseAction,
  type TaskAction,
  type TaskActionAnswer
} from "./Api.ts"
import { readFilter } from "./readFilter.ts"

/**
 * @since 0.2.0
 * @category schemas
 */
export const TaskActionSchema = Schema.Struct({
  action: Schema.Literals(actionNames),
  taskId: Schema.String,
  again: Schema.optionalKey(Schema.Boolean),
  steps: Schema.optionalKey(Schema.Boolean)
})

/**
 * @since 0.2.0
 * @category schemas
 */
export const BulkActionSchema = Schema.Struct({
  action: Schema.Literals(actionNames),
  filter: Schema.String,
  all: Schema.optionalKey(Schema.Boolean),
  dryRun: Schema.optionalKey(Schema.Boolean),
  steps: Schema.optionalKey(Schema.Boolean),
  cursor: Schema.optionalKey(Schema.String)
})

/**
 * @since 0.2.0
 * @category schemas
 */
export const PauseActionSchema = Schema.Struct({
  method: Schema.String,
  name: Schema.optionalKey(Schema.NullOr(Schema.String)),
  pause: Schema.Boolean
})

/**
 * Pauses a kind, or ends its pause.
 *
 * @since 0.2.0
 * @category operations
 */
export const changePause = (
  storage: PauseOperations,
  { pause, ...kind }: PauseAction
): Effect.Effect<Record<string, never>, TaskStorageError> =>
  Effect.as(pause ? storage.pauseTasks(kind) : storage.resumeTasks(kind), {})

/**
 * Changes one task.
 *
 * @since 0.2.0
 * @category operations
 */
export const changeTask = Effect.fnUntraced(function*(
  admin: TaskAdminShape,
  { action, again, steps, taskId }: TaskAction
): Effect.fn.Return<TaskActionAnswer, TaskStorageError> {
  switch (action) {
    case "cancel": {
      yield* admin.cancelTask(taskId)
      return {}
    }
    case "rerun": {
      const { taskId: rerunAs } = yield* admin.rerunTask(taskId, { again, steps })
      return { rerunAs }
    }
    case "delete": {
      const wasThere = yield* admin.deleteTask(taskId)
      return wasThere ? {} : yield* new TaskNotFound({ taskId })
    }
  }
})

/** A request ends soon after, so that a browser sees how far it is, and can stop. */
const bulkMillis = 1_000

/**
 * Changes tasks of a filter, batch by batch, for about a second.
 *
 * @since 0.2.0
 * @category operations
 */
export const changeTasks = Effect.fnUntraced(function*(
  admin: TaskAdminShape,
  request: BulkAction
): Effect.fn.Return<BulkAnswer, TaskStorageError> {
  const began = yield* Clock.currentTimeMillis
  const { filter } = yield* Effect.fromResult(readFilter(new URLSearchParams(request.filter), began))
  if (request.all === true && request.filter !== "") {
    return yield* new InvalidInput({ field: "all", reason: "stands alone; leave it out, or leave the filter out" })
  }
  const selection = request.all === true ? { all: true } as const : { order: "newest" as const, ...filter }
  let answer: BulkAnswer = { done: 0, skipped: 0, failed: 0 }
  let cursor = request.cursor
  const run = Stream.runForEachWhile(
    bulkOf(admin, request, selection, cursor),
    (progress) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const { done, failed, nextCursor, skipped, tasks } = progress
        const failure = tasks.find((task) => task._tag === "Failed")
        const message = answer.message ?? failure?.error.message
        answer = {
          done,
          skipped,
          failed,
          ...(message === undefined ? {} : { message }),
          ...(nextCursor === undefined ? {} : { nextCursor })
        }
        // A batch behind which it does not go on was the last one before a failure, which comes now.
        const goesOn = nextCursor !== cursor
        cursor = nextCursor
        return !goesOn || now - began < bulkMillis
      })
  )
  // What was done is told first. The next request fails, unless it can go on.
  yield* Effect.catch(run, (error) => answer.done > 0 ? Effect.void : Effect.fail(error))
  return answer
})

const bulkOf = (
  admin: TaskAdminShape,
  { action, dryRun, steps }: BulkAction,
  selection: TaskSelection,
  cursor: string | undefined
) => {
  switch (action) {
    case "cancel":
      return admin.cancelTasks(selection, { dryRun, cursor })
    case "rerun":
      return admin.rerunTasks(selection, { dryRun, cursor, steps })
    case "delete":
      return admin.deleteTasks(selection, { dryRun, cursor })
  }
}
