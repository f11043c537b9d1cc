/**
 * The registration of a process as a worker.
 *
 * @since 0.2.0
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { backgroundSleep } from "../../domain/effects/backgroundSleep.ts"
import { HoldsProcess } from "../../domain/effects/holdProcess.ts"
import { millisOf } from "../../domain/operations/TaskAccess.ts"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { InvalidInput, TaskStorageError, TaskStorageUnavailable, WorkerLost } from "../../domain/task/TaskError.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { untraced } from "../../domain/telemetry/untraced.ts"
import { errorOf } from "../queue/errorOf.ts"
import type { Pauses } from "../queue/Pauses.ts"
import { SharedCall } from "../queue/SharedCall.ts"
import { withPatience } from "../queue/Turns.ts"
import type { ResolvedRunnerOptions } from "../service/ResolvedRunnerOptions.ts"
import { describeProcess } from "./describeProcess.ts"
import type { Outages } from "./Outages.ts"
import { firstPatience, isUnavailable, persist } from "./persist.ts"
import type { Takeovers } from "./Takeovers.ts"

/**
 * A worker that a process is registered as, and what is known of it here.
 *
 * @since 0.2.0
 * @category models
 */
export class Registration {
  readonly workerId: string
  /** When the last renewal that was answered was asked for, in milliseconds since the epoch. */
  renewedAt: number
  /** The tasks that it holds here, and the writes under way that may give it more. */
  tasks = 0
  /** The pauses were read since, so that it hears of those that come. */
  hearsPauses = false
  /** It may hold tasks that nobody here knows of. So it takes no more, and ends with its last task. */
  isRetired = false
  /** It holds none of those any more. */
  isCleared = false
  isLost = false
  news: Fiber.Fiber<void> | undefined

  constructor(workerId: string, registeredAt: number) {
    this.workerId = workerId
    this.renewedAt = registeredAt
  }
}

/**
 * What a process needs to be a worker.
 *
 * @since 0.2.0
 * @category models
 */
export interface ProcessWorkerParts {
  readonly storage: TaskStorageShape
  readonly settings: Pick<ResolvedRunnerOptions, "lease" | "worker">
  readonly outages: Outages
  readonly takeovers: Takeovers
  readonly pauses: Pauses
  /** Starts what runs until the runner ends. */
  readonly fork: (effect: Effect.Effect<void>) => Effect.Effect<Fiber.Fiber<void>>
  /** Does the same, without a step of the caller. */
  readonly start: (effect: Effect.Effect<void>) => void
  /** Gives up the tasks that a retired registration holds and nobody here knows of. */
  readonly clear: (retired: Registration) => Effect.Effect<void>
  /** Hears that somebody else may have written a task that this process holds. */
  readonly onNews: (taskId: string) => void
  /** Hears that a registration was declared dead, so that others may take what it holds. */
  readonly onLost: (lost: Registration) => Effect.Effect<void>
}

/**
 * The worker that a process is: one registration, and one renewal for all of its tasks.
 *
 * @since 0.2.0
 * @category models
 */
export interface ProcessWorker {
  /** Makes a write that takes tasks for this process. It registers the process before the first one. */
  readonly taking: <A, E extends TaskStorageError>(
    write: (registration: Registration) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | TaskStorageUnavailable>
  /**
   * Creates a task for this process, and goes on with it. Its registration holds the task, unless there was no seat. Call it where
   * nothing interrupts it: a write that may be interrupted takes more steps, and each task of the runner takes these.
   */
  readonly creating: <A, E extends TaskStorageError>(
    create: (workerId: string) => Effect.Effect<TaskRecord, E>,
    begin: (record: TaskRecord, holder: Registration | undefined) => Effect.Effect<A>
  ) => Effect.Effect<A, E | TaskStorageUnavailable>
  /** Registers the process, so that it hears of pauses. */
  readonly ready: Effect.Effect<void, TaskStorageUnavailable>
  /** Whether it hears of pauses. */
  readonly hearsPauses: () => boolean
  /** Notes that a registration holds a task here no more. That it does is noted by counting up its `tasks`. */
  readonly letGo: (registration: Registration) => void
  /** The registration that takes tasks now, if there is one. */
  readonly current: () => Registration | undefined
  /** Finds a registration of this process. */
  readonly find: (workerId: string | undefined) => Registration | undefined
  /** Whether others may have thought a registration dead by now, in milliseconds since the epoch. */
  readonly mayHaveLapsed: (now: number) => boolean
  /**
   * Whether a renewal of this process is late, with a time in milliseconds since the epoch. Others may be unable to renew too, though
   * the engine answers what it is asked: a file can be locked for writes alone.
   */
  readonly isLate: (now: number) => boolean
  /** Renews the registration first if others may have thought it dead. */
  readonly confirm: Effect.Effect<void>
  /** Renews at once, if this can be done. */
  readonly renew: Effect.Effect<void>
  /** Whether the clock of this process goes with that of the engine, as far as is known. */
  readonly isClockRight: () => boolean
  /** Ends the registration: what it holds is abandoned at once. */
  readonly end: Effect.Effect<void>
}

/** The pauses are read once a lease: it is renewed each time that a third of it is over. */
const renewalsPerRead = 3

/**
 * Makes the worker of a process. It is registered when it first takes a task.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeProcessWorker = (
  { clear, fork, onLost, onNews, outages, pauses, settings, start, storage, takeovers }: ProcessWorkerParts
): ProcessWorker => {
  const { lease } = settings
  const pause = Math.floor(lease / 3)
  const oneAtATime = Semaphore.makeUnsafe(1)
  const registrations = new Set<Registration>()
  let current: Registration | undefined
  let isRenewing = false
  let renewalsSinceRead = 0
  let clockSkew = 0
  let isEnded = false

  /** The options were checked before. */
  const describe = { ...describeProcess(), ...settings.worker, lease }
  const registering = Effect.catchTag(
    untraced(Effect.suspend(() => storage.registerWorker(describe))),
    "InvalidInput",
    (error: InvalidInput) => Effect.die(error)
  )

  const register: Effect.Effect<Registration, TaskStorageUnavailable> = Effect.uninterruptible(
    Effect.gen(function*() {
      const askedAt = yield* Clock.currentTimeMillis
      const { workerId } = yield* outages.watch(registering)
      const registration = new Registration(workerId, askedAt)
      registrations.add(registration)
      current = registration
      registration.news = yield* fork(hearNews(workerId))
      if (!isRenewing) {
        isRenewing = true
        yield* fork(keepRenewing)
      }
      return registration
    })
  )

  const hearNews = (workerId: string): Effect.Effect<void> =>
    Stream.runForEach(storage.workerNews(workerId), (taskId) => Effect.sync(() => onNews(taskId))).pipe(
      Effect.provideService(HoldsProcess, false),
      untraced,
      Effect.catchTag("InvalidInput", (error: InvalidInput) => Effect.die(error))
    )

  const renewOne = (registration: Registration): Effect.Effect<void, TaskStorageUnavailable> =>
    Effect.suspend(() => {
      if (registration.isLost || isEnded) return Effect.void
      return Effect.flatMap(Clock.currentTimeMillis, (askedAt) =>
        untraced(storage.renewWorker(registration.workerId, { lease })).pipe(
          takeovers.watchAnswer,
          Effect.tap(() =>
            isOverdue(registration, askedAt) ? postponeTakeovers : Effect.void
          ),
          Effect.flatMap((renewed) => {
            registration.renewedAt = askedAt
            return renewed.clockSkew === undefined ? Effect.void : noteSkew(renewed.clockSkew)
          }),
          Effect.catchTags({
            WorkerLost: (error: WorkerLost) => lose(registration, error),
            InvalidInput: (error: InvalidInput) => Effect.die(error)
          })
        ))
    })

  /** While renewals come in time, no lease of another process that renews has run out. */
  const isOverdue = ({ renewedAt }: Registration, now: number): boolean => now - renewedAt > lease / 2

  const postponeTakeovers = Effect.map(Clock.monotonicTimeNanos, (now) => takeovers.postpone(now))

  const noteSkew = (skew: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const wasRight = isClockRight()
      clockSkew = skew
      return wasRight && !isClockRight()
        ? Effect.logWarning(
          `The clock of this process differs from that of the engine by ${
            Math.abs(Math.round(skew))
          } ms. While it does, ` +
            "the process finds no workers that died, and leaves that to others. Set the clock"
        )
        : Effect.void
    })

  const isClockRight = (): boolean => Math.abs(clockSkew) <= lease / 3

  /** Nothing revives a worker that was declared dead. Its tasks may go on under another one. */
  const lose = (registration: Registration, error: WorkerLost): Effect.Effect<void> =>
    Effect.suspend(() => {
      forget(registration)
      registration.isLost = true
      registration.news?.interruptUnsafe()
      return Effect.andThen(
        fork(onLost(registration)),
        Effect.logWarning(
          "This process was declared dead, for it was not heard of for too long. It registers anew, and stops what others took",
          error
        )
      )
    }).pipe(Effect.uninterruptible)

  const forget = (registration: Registration): void => {
    registrations.delete(registration)
    if (current === registration) current = undefined
  }

  const renewAll = oneAtATime.withPermit(
    Effect.suspend(() => Effect.forEach([...registrations], renewOne, { discard: true }))
  )

  /** For a pause whose news were lost with the process that made it. A read that fails is made again after the next renewal. */
  const readPauses = Effect.ignore(Effect.tap(Effect.suspend(() => pauses.read), () =>
    Effect.sync(() => {
      renewalsSinceRead = 0
    })))

  /** A lease that runs out in an outage is good again, unless another process has declared the worker dead. */
  const keepRenewing: Effect.Effect<void> = takeovers.watchSleep(pause, backgroundSleep(pause)).pipe(
    Effect.andThen(
      persist((patience) => withPatience(renewAll, patience), {
        outages,
        lease,
        isOutage: isUnavailable,
        isUrgent: true
      })
    ),
    Effect.orDie,
    Effect.andThen(Effect.suspend(() => ++renewalsSinceRead < renewalsPerRead ? Effect.void : readPauses)),
    Effect.forever
  )

  const mayHaveLapsed = (now: number): boolean => {
    for (const { renewedAt } of registrations) if (now - renewedAt >= lease || now < renewedAt) return true
    return false
  }

  const renewed: Effect.Effect<void, TaskStorageUnavailable> = Effect.flatMap(
    Clock.currentTimeMillis,
    (now) => mayHaveLapsed(now) ? withPatience(renewAll, firstPatience(lease)) : Effect.void
  )

  const registrationCall = new SharedCall(register)

  const registered: Effect.Effect<Registration, TaskStorageUnavailable> = Effect.suspend(() =>
    current === undefined ? registrationCall.answer : Effect.succeed(current)
  )

  const prepared: Effect.Effect<Registration, TaskStorageUnavailable> = Effect.flatMap(
    Effect.andThen(renewed, registered),
    (registration) =>
      registration.hearsPauses
        ? Effect.succeed(registration)
        : Effect.map(outages.watch(pauses.read), () => {
          registration.hearsPauses = true
          return registration
        })
  )

  /** Makes a write that takes tasks. Each task that is created asks for the registration, and finds it there. */
  const withRegistration = <A, E>(
    take: (registration: Registration) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | TaskStorageUnavailable> =>
    Effect.withFiber((fiber) =>
      current?.hearsPauses === true && !mayHaveLapsed(millisOf(fiber))
        ? take(current)
        : Effect.flatMap(prepared, take)
    )

  const letGo = (registration: Registration): void => {
    registration.tasks--
    endIfDone(registration)
  }

  const endIfDone = (registration: Registration): void => {
    if (registration.isCleared && registration.tasks === 0) start(end(registration))
  }

  const retire = (registration: Registration): void => {
    if (registration.isRetired) return
    registration.isRetired = true
    if (current === registration) current = undefined
    start(Effect.map(clear(registration), () => {
      registration.isCleared = true
      endIfDone(registration)
    }))
  }

  /** Notes that a write failed which was to take tasks. */
  const tookNone = (registration: Registration, cause: Cause.Cause<TaskStorageError>): void => {
    if (mayHaveTaken(errorOf(cause))) retire(registration)
    letGo(registration)
  }

  const end = (registration: Registration): Effect.Effect<void> =>
    Effect.suspend(() => {
      forget(registration)
      registration.news?.interruptUnsafe()
      return Effect.asVoid(Effect.exit(untraced(storage.endWorker(registration.workerId))))
    })

  return {
    taking: (write) =>
      withRegistration((registration) => {
        registration.tasks++
        return Effect.onExit(outages.watch(write(registration)), (exit) =>
          Effect.sync(() => Exit.isFailure(exit) ? tookNone(registration, exit.cause) : letGo(registration)))
      }),
    creating: (create, begin) =>
      withRegistration((registration) => {
        registration.tasks++
        const creation = create(registration.workerId)
        return Effect.matchCauseEffect(creation, {
          onSuccess: (record) => {
            // Without a seat it is nobody's.
            const isHeld = record.worker !== undefined
            if (!isHeld) letGo(registration)
            return outages.after(creation, begin(record, isHeld ? registration : undefined))
          },
          onFailure: (cause) => {
            tookNone(registration, cause)
            return outages.fail(creation, cause)
          }
        })
      }),
    ready: withRegistration(() => Effect.void),
    hearsPauses: () => current?.hearsPauses === true,
    letGo,
    current: () => current,
    find: (workerId) => [...registrations].find((registration) => registration.workerId === workerId),
    mayHaveLapsed,
    isLate: (now) => [...registrations].some((registration) => isOverdue(registration, now)),
    confirm: Effect.asVoid(Effect.exit(renewed)),
    renew: Effect.asVoid(Effect.exit(withPatience(renewAll, firstPatience(lease)))),
    isClockRight,
    end: Effect.suspend(() => {
      isEnded = true
      return Effect.forEach([...registrations], end, { discard: true })
    })
  }
}

/** Whether the tasks may be taken though the answer says that they are not. */
const mayHaveTaken = (error: TaskStorageError): boolean => isUnavailable(error) && error.applied === "unknown"
