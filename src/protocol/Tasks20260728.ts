/**
 * The answers of the Tasks extension of revision 2026-07-28.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { InvalidInput, TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import { toCreatedTask, toDetailedTask } from "../domain/task/TaskProjection.ts"
import type { TaskRecord, TaskSummary } from "../domain/task/TaskRecord.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import type { OwnerLimits } from "./OwnerLimits.ts"
import { isAnswer } from "./Questions.ts"
import { orUnknown } from "./readTask.ts"
import { overrunAnswers } from "./requestLimits.ts"
import { toResult20260728 } from "./toolResult.ts"
import { failWire, invalid, type WireError } from "./WireError.ts"

type Fields = Readonly<Record<string, unknown>>

/**
 * Answers the call that became a task.
 *
 * @since 0.2.0
 * @category projections
 */
export const createdTask20260728 = (record: TaskRecord): Fields => ({ ...toCreatedTask(toDetailedTask(record)) })

/**
 * Gives a task with what belongs to its status; a result is what the request would have returned.
 *
 * @since 0.2.0
 * @category projections
 */
export const detailedTask = (serverInfo: unknown, task: TaskRecord | TaskSummary): Fields => {
  const detailed = toDetailedTask(task)
  return detailed.status === "completed"
    ? { ...detailed, result: toResult20260728(serverInfo, detailed.result) }
    : { ...detailed }
}

type LookedUp = Effect.Effect<Option.Option<TaskRecord | TaskSummary>, InvalidInput | TaskStorageUnavailable>

/**
 * Looks a task up, and its payloads only where its status shows them.
 *
 * @since 0.2.0
 * @category accessors
 */
export const lookUp = ({ storage }: OwnedTasks, taskId: string): LookedUp =>
  Effect.flatMap(
    storage.getTaskSummary(taskId),
    (found): LookedUp =>
      Option.isNone(found) || found.value.status === "working" || found.value.status === "cancelled"
        ? Effect.succeed(found)
        : storage.getTask(taskId)
  )

/**
 * Answers `tasks/get`.
 *
 * @since 0.2.0
 * @category handlers
 */
export const getTask20260728 = (
  owned: OwnedTasks,
  taskId: string,
  serverInfo?: unknown
): Effect.Effect<Fields, WireError> =>
  Effect.map(
    orUnknown(taskId, lookUp(owned, taskId)),
    (task) => ({ resultType: "complete", ...detailedTask(serverInfo, task) })
  )

const acknowledgement: Fields = { resultType: "complete" }

/**
 * Answers `tasks/update`. If an answer is wrong, the error says what is wrong with it, and nothing is stored. Answers to
 * questions that are not open are ignored.
 *
 * @since 0.2.0
 * @category handlers
 */
export const updateTask20260728 = (
  { limits, runner }: OwnedTasks,
  taskId: string,
  inputResponses: unknown
): Effect.Effect<Fields, WireError> =>
  Effect.flatMap(checkResponses(limits, inputResponses), (responses) =>
    runner.provideInput(taskId, responses).pipe(
      Effect.catchTag("TerminalState", () => Effect.void),
      Effect.catch((error) => failWire(error, taskId)),
      Effect.as(acknowledgement)
    ))

/** Checks answers that came in a request. */
const checkResponses = (limits: OwnerLimits, inputResponses: unknown): Effect.Effect<Fields, WireError> => {
  if (!Predicate.isReadonlyObject(inputResponses)) return Effect.fail(invalid("inputResponses must be an object"))
  const overrun = overrunAnswers(limits, inputResponses)
  if (overrun !== undefined) return Effect.fail(overrun)
  const wrong = Object.entries(inputResponses).find(([, answer]) => !isAnswer(answer))
  return wrong === undefined
    ? Effect.succeed(inputResponses)
    : Effect.fail(invalid(`The answer to ${JSON.stringify(wrong[0])} must be a result, which is an object`))
}

/**
 * Answers `tasks/cancel`. Cancelling what has ended is acknowledged too.
 *
 * @since 0.2.0
 * @category handlers
 */
export const cancelTask20260728 = ({ runner }: OwnedTasks, taskId: string): Effect.Effect<Fields, WireError> =>
  runner.cancelTask(taskId).pipe(
    Effect.catchTag("TerminalState", () => Effect.void),
    Effect.catch((error) => failWire(error, taskId)),
    Effect.as(acknowledgement)
  )
