/**
 * Waiting for tasks to change, whoever changes them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { newsOfPauses } from "../driver/KindDriver.ts"
import type { InsertResult, TaskDriver } from "../driver/TaskDriver.ts"
import { isVisible, type TaskScope } from "../driver/TaskWrite.ts"
import { AtOnce, isAtOnce } from "../effects/AtOnce.ts"
import { backgroundSleep, backgroundTicks } from "../effects/backgroundSleep.ts"
import { callAfter } from "../effects/callAfter.ts"
import { makeFollowing } from "../effects/Following.ts"
import { holdProcess, HoldsProcess, startHolding } from "../effects/holdProcess.ts"
import { expiresAt, isExpired, isOnlyExtended, type StoredTask } from "../task/StoredTask.ts"
import { TaskNotFound, type TaskStorageUnavailable } from "../task/TaskError.ts"
import { isTerminal } from "../task/TaskStatus.ts"
import { untraced } from "../telemetry/untraced.ts"
import { answered, millisOf, withNow } from "./TaskAccess.ts"
import { type Audience, TaskHub, type Waiter, type WrittenTask } from "./TaskHub.ts"

/**
 * Watches tasks through a driver.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskWatch {
  /**
   * A write after which the waiters of this process are told, once it is committed and however it ends: an interrupted
   * one may have happened. `writtenBy` gives what it has written, so that they need not read it.
   */
  readonly telling: <A, E>(
    taskId: string,
    write: Effect.Effect<A, E>,
    audience: Audience,
    writtenBy?: (answer: A) => WrittenTask | undefined
  ) => Effect.Effect<A, E>
  /**
   * Tells the waiters of this process of a write that has just been made. It is absent where they have to wait for a commit.
   */
  readonly tell: ((taskId: string, audience: Audience, written: WrittenTask | undefined) => void) | undefined
  /** The insertion of a task, so that who waits for it next need not read it. */
  readonly creating: <E>(task: StoredTask, insert: Effect.Effect<InsertResult, E>) => Effect.Effect<InsertResult, E>
  /** The ids of tasks that may have news for a worker. */
  readonly news: (workerId: string) => Stream.Stream<string>
  /** Emits when kinds may have been paused or resumed: by this process, or as a worker whose news it hears was told. */
  readonly pauseNews: Stream.Stream<void>
  /** The present state of a task, then each later one that is observed, up to a terminal one. */
  readonly states: (
    operation: string,
    taskId: string,
    session: string | null | undefined
  ) => Stream.Stream<StoredTask, TaskNotFound | TaskStorageUnavailable>
  /** The last of these states. */
  readonly ended: (
    operation: string,
    taskId: string,
    session: string | null | undefined
  ) => Effect.Effect<StoredTask, TaskNotFound | TaskStorageUnavailable>
}

/** How often to look at a task that somebody waits for, if the driver does not signal the writes of others. */
const pollInterval = 250

/** How often to ask for news of a worker, if the driver does not signal them. */
const newsInterval = 1_000

/** How long to wait after a failure of the engine before looking at a task again. */
const pauseAfterFault = 1_000

/**
 * Makes the watch of a driver. The driver's signals of other writers are followed only while somebody waits.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTaskWatch = Effect.fnUntraced(
  function*(driver: TaskDriver): Effect.fn.Return<TaskWatch, never, Scope.Scope> {
    const hub = new TaskHub()

    /** One call for all tasks that are waited for, if the driver can do that. The next signal retries a call that failed. */
    const lookAtAll = Effect.suspend(() => {
      hub.forgetCreated()
      const { taskIds } = hub
      if (driver.findRevisions === undefined) {
        return Effect.sync(() => taskIds.forEach((taskId) => hub.wake(taskId, "waiters")))
      }
      if (taskIds.length === 0) return Effect.void
      return Effect.ignore(Effect.map(driver.findRevisions(taskIds), (versions) => hub.wakeOutdated(taskIds, versions)))
    })
    /** Opened when there may be news for a worker. */
    const newsOf = new Set<Latch.Latch>()
    const foreignWrites = driver.foreignWrites ?? backgroundTicks(pollInterval)
    const following = yield* makeFollowing(
      untraced(Stream.runForEach(
        foreignWrites,
        (taskId) =>
          taskId === undefined
            ? Effect.andThen(Effect.sync(() => newsOf.forEach((latch) => latch.openUnsafe())), lookAtAll)
            : Effect.sync(() => hub.wake(taskId, "everybody"))
      )),
      (isFollowing) => {
        hub.isFollowing = isFollowing
      }
    )
    const listening = Effect.acquireRelease(Effect.sync(following.hold), (letGo) => Effect.sync(letGo))

    /**
     * Asked as a write ends. Without transactions whoever waits has subscribed by then; with them, somebody may yet do so
     * before the commit and read the old state.
     */
    const told = (taskId: string, audience: Audience, written: WrittenTask | undefined): Effect.Effect<void> =>
      driver.afterCommit === undefined && hub.isIdle
        ? Effect.void
        : afterCommit(() => hub.wake(taskId, audience, written))

    const afterCommit = (note: () => void): Effect.Effect<void> =>
      driver.afterCommit === undefined ? Effect.sync(note) : driver.afterCommit(Effect.sync(note))

    const creating: TaskWatch["creating"] = (task, insert) => {
      // What answers at once is read at once.
      const noteStored = isAtOnce(insert) ? undefined : hub.create(task)
      return noteStored === undefined
        ? insert
        : Effect.tap(insert, ({ _tag }) => _tag === "Inserted" ? afterCommit(noteStored) : Effect.void)
    }

    const tell: TaskWatch["tell"] = driver.afterCommit === undefined
      ? (taskId, audience, written) => {
        if (!hub.isIdle) hub.wake(taskId, audience, written)
      }
      : undefined

    const telling: TaskWatch["telling"] = (taskId, write, audience, writtenBy) => {
      if (!isAtOnce(write) || tell === undefined) {
        return Effect.onExit(
          write,
          (exit) => told(taskId, audience, Exit.isSuccess(exit) ? writtenBy?.(exit.value) : undefined)
        )
      }
      return new AtOnce(() => {
        const answer = write.answer()
        tell(taskId, audience, writtenBy?.(answer))
        return answer
      })
    }

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
      const read = (seen: StoredTask | undefined): Next =>
        withNow((now) =>
          answered(
            operation,
            driver.find(taskId, { now, session }),
            (task): Next =>
              task === undefined || (seen !== undefined && seen.incarnation !== task.incarnation)
                ? gone
                : Effect.succeed(task)
          )
        )

      /** Waits until the task has changed, through outages of the engine too. */
      const next = (seen: StoredTask): Next =>
        Effect.catchTag(look(seen), "TaskStorageUnavailable", (error): Next =>
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
      const look = (seen: StoredTask): Next => {
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

      const changed = (seen: StoredTask, task: StoredTask): Next =>
        isOnlyExtended(seen, task) ? next(task) : Effect.succeed(task)

      const readChange = (seen: StoredTask, now: number): Next =>
        answered(operation, driver.findSummary(taskId, { now, session }), (task): Next => {
          if (task === undefined || task.incarnation !== seen.incarnation) return gone
          return task.revision === seen.revision
            ? next(seen)
            : Effect.flatMap(read(seen), (task) => changed(seen, task))
        })

      return { read, next: (seen: StoredTask) => awaiting(seen, next(seen)) }
    }

    const states: TaskWatch["states"] = (operation, taskId, session) =>
      Stream.unwrap(Effect.gen(function*() {
        const waiting = yield* Effect.acquireRelease(subscribe(taskId, false), unsubscribe(taskId))
        const { next, read } = statesFor(operation, taskId, session, waiting)
        // A waiter that finds the task ended need not listen. The first signal covers what others write before this begins.
        const listen = yield* Effect.cached(Effect.provide(listening, yield* Effect.context<Scope.Scope>()))
        return Stream.unfold<StoredTask | undefined, StoredTask, TaskNotFound | TaskStorageUnavailable, never>(
          undefined,
          (seen) =>
            Effect.map(
              seen === undefined ? read(seen) : Effect.andThen(listen, next(seen)),
              (task) => [task, task] as const
            )
        ).pipe(Stream.takeUntil((task) => isTerminal(task.status)))
      }))

    /**
     * Waits for the end of a task, from the state on that was seen last. Does without a stream, which would take several times as
     * long.
     */
    const endAfter = (
      operation: string,
      taskId: string,
      session: string | null | undefined,
      seen: StoredTask | undefined
    ): Next =>
      Effect.acquireUseRelease(
        // What has changed since it was seen is still to be read.
        subscribe(taskId, seen !== undefined),
        (waiting) => {
          const { next, read } = statesFor(operation, taskId, session, waiting)
          const untilEnd = (task: StoredTask): Next =>
            isTerminal(task.status) ? Effect.succeed(task) : Effect.flatMap(next(task), untilEnd)
          return Effect.flatMap(seen === undefined ? read(seen) : Effect.succeed(seen), (task) =>
            isTerminal(task.status)
              ? Effect.succeed(task)
              : Effect.scoped(Effect.andThen(listening, untilEnd(task))))
        },
        unsubscribe(taskId)
      )

    /** The present state of a task that is known, or that is read at once. */
    const known = (taskId: string, scope: TaskScope): StoredTask | undefined => {
      const created = hub.takeCreated(taskId)
      if (created !== undefined) return isVisible(created, scope) ? created : undefined
      const found = driver.find(taskId, scope)
      return isAtOnce(found) ? found.answer() : undefined
    }

    /**
     * Most tasks are waited for where they were created, and end by a write of this process. So they are never read. Anything else
     * that may have happened is read. A scope, a latch and a race would take fifty steps of the runtime; this callback takes three.
     */
    const ended: TaskWatch["ended"] = (operation, taskId, session) =>
      Effect.withFiber((fiber) => {
        const otherwise = (seen?: StoredTask): Next => endAfter(operation, taskId, session, seen)
        if (!fiber.getRef(HoldsProcess)) return otherwise()
        return Effect.callback((resume) => {
          const first = known(taskId, { now: millisOf(fiber), session })
          if (first === undefined) return resume(otherwise())
          if (isTerminal(first.status)) return resume(Effect.succeed(first))
          const end = expiresAt(first)
          const isKnown = (task: StoredTask | undefined): task is StoredTask =>
            task !== undefined && expiresAt(task) === end && !isExpired(task, millisOf(fiber))
          const stops: Array<() => void> = []
          let isOver = false
          const leave = (): void => {
            isOver = true
            for (const stop of stops.splice(0)) stop()
          }
          const leaveWith = (state: Next): void => {
            leave()
            resume(state)
          }
          const waiter = hub.subscribe(taskId, () => {
            const { seen, written } = waiter
            if (!isKnown(written)) return leaveWith(otherwise(seen))
            waiter.seen = written
            waiter.written = undefined
            if (isTerminal(written.status)) leaveWith(Effect.succeed(written))
          })
          waiter.seen = first
          stops.push(() => hub.unsubscribe(taskId, waiter), startHolding(), following.hold())
          if (end !== null) {
            stops.push(callAfter(fiber.context, end - millisOf(fiber), () => leaveWith(otherwise(waiter.seen))))
          }
          // The first signal of others may have come at once.
          if (isOver) leave()
          return Effect.sync(leave)
        })
      })

    const news: TaskWatch["news"] = (workerId) =>
      Stream.callback<string>((queue) =>
        Effect.gen(function*() {
          const hear = (taskId: string): void => {
            if (taskId === newsOfPauses) hub.wake(taskId, "everybody")
            else Queue.offerUnsafe(queue, taskId)
          }
          yield* Effect.acquireRelease(
            Effect.sync(() => hub.addWorker(hear)),
            (remove) => Effect.sync(remove)
          )
          const latch = yield* Effect.acquireRelease(
            Effect.sync(() => {
              const latch = Latch.makeUnsafe(true)
              newsOf.add(latch)
              return latch
            }),
            (latch) => Effect.sync(() => newsOf.delete(latch))
          )
          const signalled = driver.foreignWrites === undefined ? backgroundSleep(newsInterval) : latch.await
          if (driver.foreignWrites !== undefined) yield* listening
          const take: Effect.Effect<void> = Effect.suspend(() => {
            latch.closeUnsafe()
            return Effect.matchEffect(driver.workers.takeNews(workerId), {
              onFailure: () => Effect.andThen(backgroundSleep(pauseAfterFault), take),
              onSuccess: (taskIds) => Effect.sync(() => taskIds.forEach(hear))
            })
          })
          return yield* Effect.forever(Effect.andThen(take, signalled))
        })
      )

    const pauseNews = Stream.callback<void>(
      (queue) =>
        Effect.acquireRelease(
          Effect.sync(() => hub.addPauseListener(() => Queue.offerUnsafe(queue, undefined))),
          (remove) => Effect.sync(remove)
        ),
      // One that is not read yet is as good as many.
      { bufferSize: 1, strategy: "dropping" }
    )

    return { tell, telling, creating, news, pauseNews, states, ended }
  }
)

/** A waiter whose latch opens when it is woken. */
interface LatchedWaiter {
  readonly latch: Latch.Latch
  readonly waiter: Waiter
}

type Next = Effect.Effect<StoredTask, TaskNotFound | TaskStorageUnavailable>

/** Whether a state of a task comes after another one. */
const isLater = (before: StoredTask, after: StoredTask): boolean =>
  after.incarnation === before.incarnation && after.revision > before.revision
