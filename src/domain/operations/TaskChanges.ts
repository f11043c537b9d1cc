/**
 * The states of a task, one after another.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { TaskDriver } from "../driver/TaskDriver.ts"
import { backgroundSleep } from "../effects/backgroundSleep.ts"
import { holdProcess } from "../effects/holdProcess.ts"
import { expiresAt, isExpired, isOnlyExtended, type StoredTask } from "../task/StoredTask.ts"
import { TaskNotFound, type TaskStorageUnavailable } from "../task/TaskError.ts"
import { isTerminal } from "../task/TaskStatus.ts"
import type { ForeignWrites } from "./makeForeignWrites.ts"
import { pauseAfterFault } from "./pauseAfterFault.ts"
import { answered, withNow } from "./TaskAccess.ts"
import type { TaskHub, Waiter } from "./TaskHub.ts"

/**
 * A state of a task that is waited for.
 *
 * @since 0.2.0
 * @category models
 */
export type AwaitedState = Effect.Effect<StoredTask, TaskNotFound | TaskStorageUnavailable>

/**
 * Gives the states of tasks.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskChanges {
  /** The present state of a task, then each later one that is observed, up to a terminal one. */
  readonly states: (
    operation: string,
    taskId: string,
    session: string | null | undefined
  ) => Stream.Stream<StoredTask, TaskNotFound | TaskStorageUnavailable>
  /** The last of these states, from the one on that was seen last. */
  readonly endAfter: (
    operation: string,
    taskId: string,
    session: string | null | undefined,
    seen: StoredTask | undefined
  ) => AwaitedState
}

/** A waiter whose latch opens when it is woken. */
interface LatchedWaiter {
  readonly latch: Latch.Latch
  readonly waiter: Waiter
}

/**
 * Makes the changes of a driver's tasks.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskChanges = (
  driver: TaskDriver,
  hub: TaskHub,
  listen: ForeignWrites["listen"]
): TaskChanges => {
  /** In memory nobody but this process can write, so that only the end of its ttl can be waited for. */
  const hasOthers = driver.foreignWrites === undefined || driver.findRevisions !== undefined
  const awaiting = <A, E>(seen: StoredTask, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    hasOthers || expiresAt(seen) !== null ? holdProcess(effect) : effect

  const subscribe = (taskId: string, isOpen: boolean): Effect.Effect<LatchedWaiter> =>
    Effect.sync(() => {
      const latch = Latch.makeUnsafe(isOpen)
      return { latch, waiter: hub.subscribe(taskId, () => latch.openUnsafe()) }
    })

  const unsubscribe = (taskId: string) => ({ waiter }: LatchedWaiter): Effect.Effect<void> =>
    Effect.sync(() => hub.unsubscribe(taskId, waiter))

  /** Gives the state of a task after one that was seen, and the present state if none was. */
  const statesFor = (
    operation: string,
    taskId: string,
    session: string | null | undefined,
    { latch, waiter }: LatchedWaiter
  ) => {
    // Making an error takes longer than all the rest of waiting for a task, so it is made when it is needed.
    const gone = Effect.suspend(() => Effect.fail(new TaskNotFound({ taskId })))

    /** Another task of the same id is not the watched one: that one is gone. */
    const read = (seen: StoredTask | undefined): AwaitedState =>
      withNow((now) =>
        answered(
          operation,
          driver.find(taskId, { now, session }),
          (task): AwaitedState =>
            task === undefined || (seen !== undefined && seen.incarnation !== task.incarnation)
              ? gone
              : Effect.succeed(task)
        )
      )

    /** Waits until the task has changed, through outages of the engine too. */
    const next = (seen: StoredTask): AwaitedState =>
      Effect.catchTag(look(seen), "TaskStorageUnavailable", (error): AwaitedState =>
        error.retryable
          ? Effect.raceFirst(latch.await, backgroundSleep(pauseAfterFault)).pipe(
            Effect.andThen(Effect.suspend(() => {
              // The change that could not be read is still to be read.
              latch.openUnsafe()
              return next(seen)
            }))
          )
          : Effect.fail(error))

    /**
     * Waits until the task may have changed. It was subscribed to before it was read, so nothing is missed. What this process has
     * written is known. Otherwise the large parts are read only if the task has changed.
     */
    const look = (seen: StoredTask): AwaitedState => {
      const end = expiresAt(seen)
      const woken = end === null
        ? latch.await
        : withNow((now) => Effect.raceFirst(latch.await, backgroundSleep(Math.max(end - now, 0))))
      return Effect.suspend(() => {
        waiter.seen = seen
        return woken
      }).pipe(
        Effect.andThen(withNow((now) => {
          latch.closeUnsafe()
          const { written } = waiter
          waiter.written = undefined
          return written !== undefined && isLater(seen, written) && !isExpired(written, now)
            ? changed(seen, written)
            : readChange(seen, now)
        }))
      )
    }

    const changed = (seen: StoredTask, task: StoredTask): AwaitedState =>
      isOnlyExtended(seen, task) ? next(task) : Effect.succeed(task)

    const readChange = (seen: StoredTask, now: number): AwaitedState =>
      answered(operation, driver.findSummary(taskId, { now, session }), (task): AwaitedState => {
        if (task === undefined || task.incarnation !== seen.incarnation) return gone
        return task.revision === seen.revision
          ? next(seen)
          : Effect.flatMap(read(seen), (task) => changed(seen, task))
      })

    return { read, next: (seen: StoredTask) => awaiting(seen, next(seen)) }
  }

  const states: TaskChanges["states"] = (operation, taskId, session) =>
    Stream.unwrap(Effect.gen(function*() {
      const waiting = yield* Effect.acquireRelease(subscribe(taskId, false), unsubscribe(taskId))
      const { next, read } = statesFor(operation, taskId, session, waiting)
      // A waiter that finds the task ended need not listen. The first signal covers what others write before this begins.
      const listenOnce = yield* Effect.cached(Effect.provide(listen, yield* Effect.context<Scope.Scope>()))
      return Stream.unfold<StoredTask | undefined, StoredTask, TaskNotFound | TaskStorageUnavailable, never>(
        undefined,
        (seen) =>
          Effect.map(
            seen === undefined ? read(seen) : Effect.andThen(listenOnce, next(seen)),
            (task) => [task, task] as const
          )
      ).pipe(Stream.takeUntil((task) => isTerminal(task.status)))
    }))

  /**
   * Waits for the end of a task, from the state on that was seen last. Does without a stream, which would take several times as
   * long.
   */
  const endAfter: TaskChanges["endAfter"] = (operation, taskId, session, seen) =>
    Effect.acquireUseRelease(
      // What has changed since it was seen is still to be read.
      subscribe(taskId, seen !== undefined),
      (waiting) => {
        const { next, read } = statesFor(operation, taskId, session, waiting)
        const untilEnd = (task: StoredTask): AwaitedState =>
          isTerminal(task.status) ? Effect.succeed(task) : Effect.flatMap(next(task), untilEnd)
        return Effect.flatMap(seen === undefined ? read(seen) : Effect.succeed(seen), (task) =>
          isTerminal(task.status)
            ? Effect.succeed(task)
            : Effect.scoped(Effect.andThen(listen, untilEnd(task))))
      },
      unsubscribe(taskId)
    )

  return { states, endAfter }
}

/** Whether a state of a task comes after another one. */
const isLater = (before: StoredTask, after: StoredTask): boolean =>
  after.incarnation === before.incarnation && after.revision > before.revision
