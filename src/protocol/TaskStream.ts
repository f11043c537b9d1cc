/**
 * Notifications of tasks, in `subscriptions/listen` of revision 2026-07-28.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { pauseAfterFault } from "../domain/operations/pauseAfterFault.ts"
import type { TaskStorageError } from "../domain/task/TaskError.ts"
import { subscriptionIdKey } from "./names.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import { orUnknown } from "./readTask.ts"
import { shownState } from "./shownState.ts"
import { ownProperty } from "./TaskClient.ts"
import type { Tasks } from "./Tasks.ts"
import { detailedTask, lookUp } from "./Tasks20260728.ts"
import { failWire, invalid, report, type WireError } from "./WireError.ts"

type Fields = Readonly<Record<string, unknown>>

/** How many tasks one stream may name. */
const mostTasks = 256

/** How many of them are looked up at a time. */
const lookups = 16

/**
 * The tasks of one stream.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskStream {
  /** Those of the named tasks that there are, for the acknowledgement. */
  readonly taskIds: ReadonlyArray<string>
  /**
   * Tells the client of each task, now and whenever it changes, until all have ended: the params of `notifications/tasks`,
   * without the subscription. `notify` is done when the connection took them. The next is read and encoded only then, so that
   * a client that does not read costs one notification, and it is the newest state.
   */
  readonly run: (notify: (task: Fields) => Effect.Effect<void>) => Effect.Effect<void>
}

/**
 * Opens a stream for as long as the scope lasts. Refuses one that names too many tasks, or is one too many; a fault of the
 * engine is an error, and no unknown task.
 *
 * @since 0.2.0
 * @category constructors
 */
export const openTaskStream = Effect.fnUntraced(function*(
  tasks: Tasks,
  owned: OwnedTasks,
  requested: ReadonlyArray<string>,
  serverInfo?: unknown
): Effect.fn.Return<TaskStream, WireError, Scope.Scope> {
  const named = [...new Set(requested)]
  if (named.length > mostTasks) {
    return yield* Effect.fail(invalid(`A subscription may name at most ${mostTasks} tasks, and not ${named.length}`))
  }
  yield* tasks.openStreams.open(owned)
  const found = yield* Effect.forEach(named, (taskId) => isKnown(owned, taskId), { concurrency: lookups })
  const taskIds = named.filter((_, index) => found[index] === true)
  return { taskIds, run: (notify) => tellOf(owned, taskIds, serverInfo, notify) }
})

/**
 * Adds to the params of an acknowledgement the tasks that the client is told of.
 *
 * @since 0.2.0
 * @category combinators
 */
export const withTaskIds = (params: unknown, taskIds: ReadonlyArray<string>): Fields => {
  const notifications = ownProperty(params, "notifications")
  return {
    ...(Predicate.isReadonlyObject(params) ? params : {}),
    notifications: { ...(Predicate.isReadonlyObject(notifications) ? notifications : {}), taskIds }
  }
}

/**
 * Gives the params of `notifications/tasks` to a subscription.
 *
 * @since 0.2.0
 * @category constructors
 */
export const toSubscription = (id: unknown, task: Fields): Fields => ({ ...task, _meta: { [subscriptionIdKey]: id } })

const isKnown = ({ storage }: OwnedTasks, taskId: string): Effect.Effect<boolean, WireError> =>
  storage.getTaskSummary(taskId).pipe(
    Effect.map(Option.isSome),
    Effect.catchIf((error) => error._tag === "InvalidInput" && error.field === "taskId", () => Effect.succeed(false)),
    Effect.catch((error) => failWire(error, taskId))
  )

/** Tries again until an engine that fails for a while answers. */
const throughOutages = <A, E extends TaskStorageError>(reading: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.retry(reading, {
    while: (error) => error._tag === "TaskStorageUnavailable" && error.retryable,
    schedule: Schedule.spaced(pauseAfterFault)
  })

const tellOf = (
  owned: OwnedTasks,
  taskIds: ReadonlyArray<string>,
  serverInfo: unknown,
  notify: (task: Fields) => Effect.Effect<void>
): Effect.Effect<void> =>
  Effect.suspend(() => {
    /** The tasks that have changed since their client was told, each once. */
    const changed = new Set<string>()
    const told = new Map<string, string>()
    const wake = Latch.makeUnsafe(false)
    let followed = taskIds.length

    const follow = (taskId: string) =>
      Stream.runForEach(owned.storage.changes(taskId), () =>
        Effect.sync(() => {
          changed.add(taskId)
          wake.openUnsafe()
        })).pipe(
          throughOutages,
          // A task that expires has no more changes to tell of.
          Effect.catchTag("TaskNotFound", () => Effect.void),
          Effect.catch(report),
          Effect.ensuring(Effect.sync(() => {
            followed--
            wake.openUnsafe()
          }))
        )

    const tell = Effect.fnUntraced(function*(taskId: string) {
      // The last state is told once, and must not be lost with the fault of a moment.
      const task = yield* orUnknown(taskId, throughOutages(lookUp(owned, taskId)))
      const state = shownState(task)
      if (told.get(taskId) === state) return
      told.set(taskId, state)
      yield* notify(detailedTask(serverInfo, task))
    })

    const tellAll: Effect.Effect<void> = Effect.suspend(() => {
      for (const taskId of changed) {
        changed.delete(taskId)
        // It went meanwhile, or the operator has heard why it cannot be read.
        return Effect.andThen(Effect.ignore(tell(taskId)), tellAll)
      }
      if (followed === 0) return Effect.void
      wake.closeUnsafe()
      return Effect.andThen(wake.await, tellAll)
    })

    const following = Effect.forEach(taskIds, follow, { concurrency: "unbounded", discard: true })
    return Effect.asVoid(Effect.all([following, tellAll], { concurrency: "unbounded" }))
  })
