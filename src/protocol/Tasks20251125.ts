/**
 * The answers about tasks in revision 2025-11-25.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { toFinalOutcome, toTask20251125 } from "../domain/task/TaskProjection.ts"
import type { TaskRecord } from "../domain/task/TaskRecord.ts"
import { isTerminal } from "../domain/task/TaskStatus.ts"
import { isStoredCall } from "./callInline.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import type { Listener } from "./Questions.ts"
import { orUnknown } from "./readTask.ts"
import { shownState } from "./shownState.ts"
import type { Tasks } from "./Tasks.ts"
import { toResult20251125 } from "./toolResult.ts"
import { failWire, unknownTask, unsupported, type WireError, wireError } from "./WireError.ts"

type Fields = Readonly<Record<string, unknown>>

/**
 * Answers the call that became a task.
 *
 * @since 0.2.0
 * @category projections
 */
export const createdTask20251125 = (record: TaskRecord): Fields => ({ task: { ...toTask20251125(record) } })

/** How long a poll is held where polls deliver what a task asks. */
const heldPoll = "25 seconds"

/**
 * Answers `tasks/get`. Where polls deliver what a task asks, `poll` is the client of this one.
 *
 * @since 0.2.0
 * @category handlers
 */
export const getTask20251125 = Effect.fnUntraced(function*(
  tasks: Tasks,
  owned: OwnedTasks,
  taskId: string,
  poll?: Omit<Listener, "isPoll" | "client"> & { readonly client: object }
): Effect.fn.Return<Fields, WireError> {
  const read = orUnknown(taskId, owned.storage.getTaskSummary(taskId))
  const summary = yield* read
  if (poll === undefined || !tasks.settings.inputOnPoll) return { ...toTask20251125(summary) }
  // A client that recovers a task by its first poll would not know yet what the question belongs to.
  if (!tasks.known.note(poll.client, summary) || summary.status !== "input_required") {
    return { ...toTask20251125(summary) }
  }
  const held = yield* Effect.scoped(Effect.gen(function*() {
    // One too many is no reason to refuse a poll. It is answered at once.
    if (Result.isFailure(yield* Effect.result(tasks.blockedResults.open(owned)))) return false
    const put = yield* tasks.questions.listen(owned, taskId, { ...poll, isPoll: true })
    yield* owned.storage.changes(taskId).pipe(
      Stream.takeUntil(({ status }) => status !== "input_required"),
      Stream.runForEach(put),
      Effect.catch((error) => failWire(error, taskId)),
      Effect.timeoutOption(heldPoll)
    )
    return true
  }))
  return { ...toTask20251125(held ? yield* read : summary) }
})

/**
 * Answers `tasks/list`, which those do not have whose tasks belong to anybody who knows their ids.
 *
 * @since 0.2.0
 * @category handlers
 */
export const listTasks20251125 = (
  { canList, storage }: OwnedTasks,
  cursor: string | undefined
): Effect.Effect<Fields, WireError> =>
  canList ?
    storage.listTaskSummaries(cursor === undefined ? {} : { cursor }).pipe(
      Effect.map(({ nextCursor, tasks }) => ({
        // A call that is no task, and waits for answers, is nobody's to ask about.
        tasks: tasks.filter((task) => !isStoredCall(task)).map((task) => ({ ...toTask20251125(task) })),
        ...(nextCursor === undefined ? {} : { nextCursor })
      })),
      Effect.catch((error) => failWire(error))
    ) :
    Effect.fail(unsupported("Method not found"))

/**
 * Answers `tasks/cancel`. What has ended cannot be cancelled.
 *
 * @since 0.2.0
 * @category handlers
 */
export const cancelTask20251125 = ({ runner }: OwnedTasks, taskId: string): Effect.Effect<Fields, WireError> =>
  runner.cancelTask(taskId).pipe(
    Effect.map((record) => ({ ...toTask20251125(record) })),
    Effect.catch((error) => failWire(error, taskId))
  )

/**
 * Who waits for the result of a task.
 *
 * @since 0.2.0
 * @category models
 */
export interface ResultListener extends Omit<Listener, "isPoll"> {
  /** Sends `notifications/tasks/status`, and is done when the connection took it. */
  readonly notify?: ((task: Fields) => Effect.Effect<void>) | undefined
}

/**
 * Answers `tasks/result`: waits for the end of the task, and meanwhile puts to the client what the task asks, and tells it of
 * changes. It ends when it is interrupted, as it has to be when its client goes.
 *
 * @since 0.2.0
 * @category handlers
 */
export const taskResult20251125 = Effect.fnUntraced(function*(
  tasks: Tasks,
  owned: OwnedTasks,
  taskId: string,
  { notify, ...listener }: ResultListener
): Effect.fn.Return<Fields, WireError> {
  let told: string | undefined
  const tell = (record: TaskRecord) =>
    Effect.suspend(() => {
      const before = told
      told = shownState(record)
      return before === undefined || before === told
        ? Effect.void
        : notify?.({ ...toTask20251125(record) }) ?? Effect.void
    })
  const last = yield* Effect.scoped(Effect.gen(function*() {
    const scope = yield* Effect.scope
    const put = yield* tasks.questions.listen(owned, taskId, { ...listener, isPoll: false })
    let isWaiting = false
    /** The result of a task that has ended is given whatever waits. */
    const wait = ({ status }: TaskRecord) =>
      Effect.suspend(() => {
        if (isWaiting || isTerminal(status)) return Effect.void
        isWaiting = true
        return Scope.provide(tasks.blockedResults.open(owned), scope)
      })
    return yield* owned.storage.changes(taskId).pipe(
      Stream.tap(wait),
      Stream.mapEffect((record) => Effect.as(Effect.andThen(put(record), tell(record)), record)),
      Stream.runLast,
      Effect.catch((error) => failWire(error, taskId))
    )
  }))
  const outcome = Option.match(last, { onNone: () => undefined, onSome: toFinalOutcome })
  if (outcome === undefined) return yield* Effect.fail(unknownTask(taskId))
  return outcome._tag === "Success"
    ? toResult20251125(taskId, outcome.value)
    : yield* Effect.fail(wireError(outcome))
})
