/**
 * Looking for tasks without a worker.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { backgroundSleep } from "../../domain/effects/backgroundSleep.ts"
import type { ClaimableOptions, TaskKind } from "../../domain/options/TaskOptions.ts"
import type { ClaimedTask } from "../../domain/service/TaskOperations.ts"
import type { InvalidInput, TaskStorageUnavailable } from "../../domain/task/TaskError.ts"
import { sortKey } from "../../domain/task/TaskId.ts"
import type { TaskRecord, TaskSummary } from "../../domain/task/TaskRecord.ts"
import { TaskStorage } from "../../domain/TaskStorage.ts"
import { untraced } from "../../domain/telemetry/untraced.ts"
import { internal } from "../handler/failureOf.ts"
import { type HandlerRegistry, kindOf } from "../handler/HandlerRegistry.ts"
import type { Registration } from "../process/makeProcessWorker.ts"
import type { Outages } from "../process/Outages.ts"
import type { Takeovers } from "../process/Takeovers.ts"
import type { BoundHandler } from "../queue/BoundHandler.ts"
import { errorOf } from "../queue/errorOf.ts"
import type { Pauses } from "../queue/Pauses.ts"
import type { ResolvedRunnerOptions } from "../service/ResolvedRunnerOptions.ts"
import type { TaskRunnerShape } from "../service/TaskRunner.ts"
import * as RunnerMetrics from "../tracing/RunnerMetrics.ts"
import { makeFreeRound, storedKindOf } from "./makeFreeRound.ts"
import type { TaskRuns } from "./TaskRuns.ts"

/** How many tasks one claim takes at the most. */
const batchSize = 200

/** How many tasks one look dispatches. */
const mostDispatched = 1_000

/** How many tasks are looked at that may be of no known kind, or older than the names of tasks. */
const mostOdd = 50

/** Milliseconds from the registration of a kind of tasks to the next look. Others are mostly registered together with it. */
const pauseAfterRegistration = 20

/** A task of no known kind is looked for so often until it fails. */
const looksAtOrphans = 60

/**
 * What the recovery of a runner needs.
 *
 * @since 0.2.0
 * @category models
 */
export interface RecoveryParts {
  readonly settings: ResolvedRunnerOptions
  readonly handlers: HandlerRegistry<BoundHandler>
  readonly runs: TaskRuns
  readonly outages: Outages
  readonly takeovers: Takeovers
  readonly pauses: Pauses
  readonly dispatched: (taskId: string) => Effect.Effect<void>
}

/**
 * Looks for tasks without a worker.
 *
 * @since 0.2.0
 * @category models
 */
export interface Recovery {
  readonly recover: TaskRunnerShape["recover"]
  /** Makes the next look soon: there may be tasks that the last one could not take. */
  readonly lookSoon: () => void
  /** Dispatches tasks that wait for seats, if they are dispatched and this runner does not look. */
  readonly dispatchNext: Effect.Effect<void>
}

/**
 * Makes the recovery of a runner, which looks from time to time until the scope ends, if the options say so.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeRecovery = Effect.fnUntraced(function*(
  { dispatched, handlers, outages, pauses, runs, settings, takeovers }: RecoveryParts
): Effect.fn.Return<Recovery, never, TaskStorage | Scope.Scope> {
  const storage = yield* TaskStorage
  const startedAt = yield* Clock.currentTimeMillis
  const soon = Latch.makeUnsafe(false)
  /** The session whose turn was the last, `null` for the tasks of none, and the kind whose turn it was when all sessions had theirs. */
  let behindSession: string | null | undefined
  let behindKind: TaskKind | undefined
  let nextOddLook = 0
  /** The task that was free for longest when an odd look saw it. */
  let freeLongest: TaskSummary | undefined

  /**
   * Declares workers dead, if this may be done now. If it may not, it asks all the same for those whose lease ended in 1970: how long
   * the answer takes tells when it may be done again.
   */
  const declareDead = Effect.fnUntraced(function*(mayTakeOver: boolean) {
    if (!runs.process.isClockRight()) return
    const overdueFor = mayTakeOver ? yield* takeovers.overdueFor : undefined
    yield* takeovers.watchAnswer(
      outages.watch(storage.declareDeadWorkers({
        except: runs.process.current()?.workerId,
        overdueFor: overdueFor ?? (yield* Clock.currentTimeMillis)
      }))
    )
  })

  /** Looks once. An odd look is also for tasks that no claim by kind finds. */
  const look = (isOdd: boolean): Effect.Effect<ReadonlyArray<string>, TaskStorageUnavailable> =>
    Effect.gen(function*() {
      // A process that has lost track of time renews its own worker first.
      const mayTakeOver = yield* runs.mayTakeOver
      yield* declareDead(mayTakeOver)
      const which: ClaimableOptions = mayTakeOver ? {} : { leases: "released" }
      if (settings.dispatch !== undefined) return yield* dispatchAll(which)
      if (isOdd && (yield* isNothingFree)) {
        yield* Metric.update(RunnerMetrics.overdue, 0)
        return []
      }
      const taken = yield* takeAll(which)
      const odd = isOdd ? yield* takeOdd(which) : []
      return [...taken, ...odd]
    }).pipe(
      Effect.catchTag("InvalidInput", (error: InvalidInput) => Effect.die(error)),
      untraced
    )

  const dispatchAll = Effect.fnUntraced(function*(which: ClaimableOptions) {
    const found = yield* list({
      ...which,
      ...turn(),
      // Where nothing is registered, others know what they can run.
      ...(handlers.kinds.length === 0 ? {} : { kinds: handlers.kinds }),
      limit: mostDispatched
    })
    yield* Effect.forEach(found, dispatched, { discard: true })
    const last = found.at(-1)
    // Where it found all of them, the next look finds them too.
    const isAll = storage.seatNews === undefined && found.length < mostDispatched
    if (last === undefined || isAll) return found
    Option.map(yield* outages.watch(storage.getTaskSummary(last)), noteTurn)
    return found
  })

  /** Dispatches the next ones, where a seat may have become free and no look comes soon. */
  const dispatchNext: Effect.Effect<void> =
    settings.dispatch === undefined || settings.recovery !== null || storage.seatNews === undefined
      ? Effect.void
      : dispatchAll({ leases: "released" }).pipe(
        Effect.catchCause((cause) =>
          Effect.logWarning("Tasks that wait for seats cannot be dispatched", errorOf(cause))
        ),
        untraced,
        Effect.asVoid
      )

  /** Claims as long as it finds something and there is room. */
  const takeAll = Effect.fnUntraced(function*(which: ClaimableOptions) {
    const taken: Array<string> = []
    while (runs.isOpen() && handlers.kinds.length > 0) {
      const limit = Math.min(batchSize, runs.slots.room)
      if (limit === 0) return cutShort(taken)
      const claimed = yield* claimSome({ ...which, ...bounds(), kinds: handlers.kinds, limit })
      for (const { record } of claimed) taken.push(record.taskId)
      const last = claimed.at(-1)
      if (last !== undefined) noteTurn(last.record)
      if (claimed.length < limit) return taken
    }
    return taken
  })

  /** There may have been room or seats for those up to this one alone, so the others come first in the next look. */
  const noteTurn = (task: TaskSummary | TaskRecord): void => {
    const isNewRound = sortKey(task.sessionId ?? "") <= sortKey(behindSession ?? "")
    if (isNewRound) behindKind = storedKindOf(task)
    behindSession = task.sessionId ?? null
  }

  const turn = (): Pick<ClaimableOptions, "behindKind" | "behindSession"> => ({ behindKind, behindSession })

  /** There may be more, so the next free slot is for another look. */
  const cutShort = (taken: ReadonlyArray<string>): ReadonlyArray<string> => {
    if (settings.recovery !== null) runs.queue.onRoom(lookSoon)
    return taken
  }

  const bounds = (): Pick<ClaimableOptions, "behindKind" | "behindSession" | "perSession" | "running"> => ({
    ...turn(),
    ...(settings.maxRunningPerSession === null
      ? {}
      : { perSession: settings.maxRunningPerSession, running: runs.slots.bySession })
  })

  /** Claims tasks and begins them. Once it has claimed them it goes through with that, even if nobody waits for it any more. */
  const claimSome = (options: ClaimableOptions) =>
    Effect.flatMap(
      runs.inScope(
        Effect.uninterruptible(
          runs.whileMoving(runs.process.taking((registration) =>
            Effect.tap(
              untraced(storage.claimTasks({ ...options, worker: registration.workerId })),
              (claimed) => Effect.forEach(claimed, (task) => begin(task, registration), { discard: true })
            )
          ))
        )
      ),
      (claiming) => Fiber.join(claiming)
    )

  const begin = (claimed: ClaimedTask, registration: Registration): Effect.Effect<void> =>
    Effect.suspend(() => {
      registration.tasks++
      const waited = runs.queue.remove(claimed.record.taskId)
      return runs.beginClaimed(claimed, waited?.handler ?? handlers.find(claimed.record) ?? unknownKind, registration)
    })

  /** Takes tasks that earlier versions stored without a name of their own, and fails those that nobody has known for long. */
  const takeOdd = Effect.fnUntraced(function*(which: ClaimableOptions) {
    const taken: Array<string> = []
    // A task of a paused kind has not waited because nobody knows it.
    if (!runs.process.hearsPauses()) yield* outages.watch(pauses.refresh)
    const now = yield* Clock.currentTimeMillis
    const unnamed = handlers.methodsOfNames.map((method): TaskKind => ({ method, name: null }))
    for (const record of unnamed.length === 0 ? [] : yield* nextUnnamed({ ...which, kinds: unnamed })) {
      const handler = handlers.find(record) ?? (isOrphan(record, now) ? unknownKind : undefined)
      if (handler === undefined || pauses.covers(kindOf(record))) continue
      if (takeUp(record, handler)) taken.push(record.taskId)
    }
    const oldest = yield* stillOldest(now)
    const free = yield* nextFree(which)
    freeLongest = oldest
    for (const summary of free) {
      if (freeLongest === undefined || freeSince(summary) < freeSince(freeLongest)) freeLongest = summary
      if (handlers.mayKnow(summary) || !isOrphan(summary, now)) continue
      if (takeUp(summary, unknownKind)) taken.push(summary.taskId)
    }
    const longest = freeLongest === undefined ? 0 : Math.max(now - freeSince(freeLongest), 0)
    yield* Metric.update(RunnerMetrics.overdue, longest)
    return taken
  })

  /**
   * An odd look asks three times. Mostly nothing is free, and one question tells that, for all that may ever be taken. A process that is
   * not registered yet claims all the same, and is registered then. One without room waits for it. A task that was free is looked at
   * until it is not.
   */
  const isNothingFree = Effect.suspend(() =>
    runs.process.hearsPauses() && runs.slots.room > 0 && freeLongest === undefined
      ? Effect.map(list({ limit: 1 }), (found) => found.length === 0)
      : Effect.succeed(false)
  )

  /** Gives the one that was free for longest, if it still is: a look to come may not see it. */
  const stillOldest = Effect.fnUntraced(function*(now: number) {
    if (freeLongest === undefined) return undefined
    const found = Option.getOrUndefined(yield* outages.watch(storage.getTaskSummary(freeLongest.taskId)))
    return found !== undefined && isFree(found, now) && !pauses.covers(kindOf(found)) ? found : undefined
  })

  const list = (options: ClaimableOptions) => outages.watch(storage.claimableTasks(options))

  /** Tasks that stay free keep no others from their turn, so each look goes on behind those of the one before. */
  const nextUnnamed = makeFreeRound({
    limit: mostOdd,
    list,
    read: (taskId) => outages.watch(storage.getTask(taskId))
  })
  const nextFree = makeFreeRound({
    limit: mostOdd,
    list,
    read: (taskId) => outages.watch(storage.getTaskSummary(taskId))
  })

  /** Takes one task if there is room. */
  const takeUp = (task: TaskRecord | TaskSummary, handler: BoundHandler): boolean => {
    const { sessionId, taskId } = task
    if (!runs.isOpen() || runs.overrun(sessionId) !== undefined) return false
    runs.queue.add({ ...kindOf(task), taskId, sessionId, handler })
    return true
  }

  /** A task of an unknown kind fails when nobody has known it for long: a later version may have dropped its tool. */
  const isOrphan = (task: TaskRecord | TaskSummary, now: number): boolean =>
    // Nobody was there to know it before, or to take it.
    now - Math.max(freeSince(task), startedAt, pauses.pausedUntil(kindOf(task))) >= settings.orphanTimeout

  const lookSoon = (): void => {
    soon.openUnsafe()
  }
  pauses.whenResumed(Effect.sync(lookSoon))
  if (settings.recovery !== null) runs.queue.onSeat(lookSoon)

  /** A look leaves room and seats for what only this process can run. */
  const beginHere = Effect.sync(() => {
    runs.queue.fill()
    runs.queue.tryUnclaimed()
  })

  if (settings.recovery !== null) {
    const looking = {}
    const nextTime = Effect.raceFirst(
      takeovers.watchSleep(settings.recovery, backgroundSleep(settings.recovery)),
      Effect.andThen(soon.await, backgroundSleep(pauseAfterRegistration))
    )
    const nextLook = Effect.flatMap(Clock.currentTimeMillis, (now) => {
      soon.closeUnsafe()
      const isOdd = now >= nextOddLook
      if (isOdd) nextOddLook = now + Math.ceil(settings.orphanTimeout / looksAtOrphans)
      return look(isOdd)
    })
    let seatsFreed = 0
    let over = 0
    const noteLook = (begun: number | undefined) => Effect.sync(() => runs.queue.looked(begun, seatsFreed))
    yield* Effect.sync(() => {
      seatsFreed = runs.queue.seatsFreed
      over = outages.over
    }).pipe(
      Effect.andThen(Effect.tap(nextLook, (taken) => noteLook(taken.length))),
      Effect.andThen(beginHere),
      Effect.andThen(outages.answered(looking)),
      // A driver that dies counts like one that fails with an error.
      Effect.catchCause((cause) => Effect.andThen(noteLook(undefined), outages.failed(looking, errorOf(cause), over))),
      Effect.andThen(nextTime),
      Effect.forever,
      Effect.forkScoped
    )
  }

  return { recover: Effect.tap(look(true), beginHere), lookSoon, dispatchNext }
})

const freeSince = ({ lastUpdatedAt, leaseExpiresAt }: TaskRecord | TaskSummary): number =>
  leaseExpiresAt?.epochMilliseconds || lastUpdatedAt.epochMilliseconds

/** Tells whether nobody has a task, and it is due. */
const isFree = ({ leaseExpiresAt, status, worker }: TaskSummary, now: number): boolean =>
  status === "working" && worker === undefined && leaseExpiresAt !== undefined &&
  leaseExpiresAt.epochMilliseconds <= now

const unknownKind: BoundHandler = {
  begin: () => ({
    running: Effect.runFork(Effect.void),
    endOf: () => ({ outcome: internal("There is nobody any more who runs tasks of this kind") })
  }),
  lostWorker: { maxAttempts: Infinity }
}
