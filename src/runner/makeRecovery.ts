/**
 * Looking for tasks without a worker.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import { backgroundSleep } from "../domain/backgroundSleep.ts"
import type { TaskRecord } from "../domain/TaskRecord.ts"
import { TaskStorage } from "../domain/TaskStorage.ts"
import type { BoundHandler } from "./BoundHandler.ts"
import type { HandlerRegistry } from "./HandlerRegistry.ts"
import type { TaskRuns } from "./makeTaskRuns.ts"
import type { Outages } from "./Outages.ts"
import { internal } from "./outcomeOf.ts"
import type { ResolvedRunnerOptions } from "./ResolvedRunnerOptions.ts"
import type { Takeovers } from "./Takeovers.ts"
import type { TaskRunnerShape } from "./TaskRunner.ts"

/** How many tasks one look takes, in addition to those that it passes by. */
const batchSize = 50

/** Milliseconds from the registration of a kind of tasks to the next look. Others are mostly registered together with it. */
const pauseAfterRegistration = 20

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
  /** Makes the next look soon: the last one may have passed by tasks whose kind is known now. */
  readonly lookSoon: () => void
}

/**
 * Makes the recovery of a runner, which looks from time to time until the scope ends, if the options say so.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeRecovery = Effect.fnUntraced(function*(
  { dispatched, handlers, outages, runs, settings, takeovers }: RecoveryParts
): Effect.fn.Return<Recovery, never, TaskStorage | Scope.Scope> {
  const storage = yield* TaskStorage
  const startedAt = yield* Clock.currentTimeMillis
  /** Open when a kind of tasks was registered that the last look may have passed by. */
  const registered = Latch.makeUnsafe(false)
  let passedBy = 0

  const recover: TaskRunnerShape["recover"] = Effect.suspend(() => {
    const taken: Array<string> = []
    return Effect.gen(function*() {
      // A process that has lost track of time extends its own leases first.
      yield* runs.mayTakeOver
      // Those that were passed by the last time come first again.
      const found = yield* outages.watch(untraced(storage.claimableTasks({ limit: batchSize + passedBy })))
      passedBy = 0
      for (const taskId of found) {
        if (!runs.isOpen() || runs.isFull()) break
        if (!runs.isWaiting(taskId) && (yield* takeUp(taskId))) taken.push(taskId)
        else passedBy++
      }
      return taken
    }).pipe(Effect.catchTag("InvalidInput", (error) => Effect.die(error)))
  })

  /** Takes up a task without a worker, if it is of a known kind and there is room. */
  const takeUp = Effect.fnUntraced(function*(taskId: string) {
    if (runs.workerOf(taskId) !== undefined) return false
    const record = Option.getOrUndefined(yield* outages.watch(untraced(storage.getTask(taskId))))
    if (record === undefined || !(yield* runs.mayTake(record))) return false
    if (settings.dispatch !== undefined) return yield* Effect.as(dispatched(taskId), true)
    const handler = handlers.find(record) ?? (yield* whenOrphaned(record))
    if (handler === undefined || runs.overrun(record.sessionId) !== undefined) return false
    yield* runs.takeUp(taskId, handler, record.sessionId)
    return true
  })

  /** A task of an unknown kind fails when nobody has known it for long: a later version may have dropped its tool. */
  const whenOrphaned = (record: TaskRecord): Effect.Effect<BoundHandler | undefined> =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const lease = record.leaseExpiresAt?.epochMilliseconds ?? 0
      const freeSince = lease === 0 ? record.lastUpdatedAt.epochMilliseconds : lease
      // Nobody was there to know it before.
      return now - Math.max(freeSince, startedAt) < settings.orphanTimeout ? undefined : unknownKind
    })

  if (settings.recovery !== null) {
    const looking = {}
    const nextTime = Effect.raceFirst(
      takeovers.watchSleep(settings.recovery, backgroundSleep(settings.recovery)),
      Effect.andThen(registered.await, backgroundSleep(pauseAfterRegistration))
    )
    yield* Effect.suspend(() => {
      registered.closeUnsafe()
      return recover
    }).pipe(
      Effect.andThen(outages.answered(looking)),
      Effect.catchTag("TaskStorageUnavailable", (error) => outages.failed(looking, error)),
      Effect.andThen(nextTime),
      Effect.forever,
      Effect.forkScoped
    )
  }

  return { recover, lookSoon: () => registered.openUnsafe() }
})

/** A look that finds nothing is no news. Traced, it would make a span every few seconds in every process. */
const untraced = <A, E>(look: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.provideService(look, References.TracerEnabled, false)

const unknownKind: BoundHandler = {
  run: () => Effect.succeed({ outcome: internal("There is nobody any more who runs tasks of this kind") }),
  lostWorker: "fail"
}
