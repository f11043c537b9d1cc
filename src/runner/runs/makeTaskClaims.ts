/**
 * Claiming tasks, and running what was claimed.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type { ClaimOptions } from "../../domain/options/TaskOptions.ts"
import type { ClaimedTask, TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type {
  InvalidInput,
  LeaseHeld,
  MaxTasksReached,
  TaskNotFound,
  TaskStorageUnavailable,
  TerminalState
} from "../../domain/task/TaskError.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { refuseRerun } from "../handler/refuseRerun.ts"
import type { ProcessWorker, Registration } from "../process/makeProcessWorker.ts"
import type { Outages } from "../process/Outages.ts"
import type { Takeovers } from "../process/Takeovers.ts"
import type { BoundHandler } from "../queue/BoundHandler.ts"
import { errorOf } from "../queue/errorOf.ts"
import type { RunResult } from "../service/TaskRunner.ts"
import * as RunnerMetrics from "../tracing/RunnerMetrics.ts"
import type { TaskWorker } from "../worker/TaskWorker.ts"
import type { HeldTasks } from "./makeHeldTasks.ts"
import type { Terms } from "./TaskRuns.ts"

/** How many workers extend their leases side by side. */
const atOnce = 25

/**
 * What claiming tasks needs.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskClaimsParts {
  readonly storage: TaskStorageShape
  /** Milliseconds. */
  readonly lease: number
  readonly outages: Outages
  readonly takeovers: Takeovers
  readonly process: ProcessWorker
  /** The workers that run now, by their tasks. */
  readonly workers: ReadonlyMap<string, TaskWorker>
  readonly held: HeldTasks
  readonly freeSlot: (sessionId: string | undefined) => void
}

/** Why a task was not claimed though it may be free: those who want it try again. */
type ClaimRefused = InvalidInput | LeaseHeld | MaxTasksReached | TaskStorageUnavailable

/**
 * Claims tasks for this process.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskClaims {
  /** Whether workers of others with expired leases may be assumed to be gone. */
  readonly mayTakeOver: Effect.Effect<boolean>
  /** Whether this runner may take the task: it has no worker here, and no worker elsewhere that may be alive. */
  readonly mayTake: (record: TaskRecord) => Effect.Effect<boolean>
  /**
   * Claims a task on a slot that was taken for it and runs it: as the worker that this process is, or on terms of its own. `onSeat` is
   * for the seat that may be left: the task has got one, or wants none any more. It fails with `LeaseHeld` if this process holds the
   * task without running it: the answer to an earlier claim was lost, and the task is about to be given up.
   */
  readonly claimAndRun: (
    taskId: string,
    handler: BoundHandler,
    sessionId: string | undefined,
    terms: Terms | undefined,
    onSeat?: () => void
  ) => Effect.Effect<RunResult, ClaimRefused>
  /** Runs a task that was claimed, on a slot that was taken for it. It fails if its policy does not let it run again. */
  readonly runClaimed: (
    claimed: ClaimedTask,
    handler: BoundHandler,
    registration: Registration | undefined,
    terms?: Terms
  ) => Effect.Effect<RunResult>
}

/**
 * Makes what claims the tasks of a runner.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskClaims = (
  { freeSlot, held, lease, outages, process, storage, takeovers, workers }: TaskClaimsParts
): TaskClaims => {
  const mayTakeOver = Effect.gen(function*() {
    if (yield* takeovers.hasLostTime) {
      yield* process.renew
      yield* Effect.forEach(workers.values(), (worker) => worker.extendAtOnce, { concurrency: atOnce, discard: true })
    }
    const isLate = process.isLate(yield* Clock.currentTimeMillis)
    return !isLate && !outages.isDown && (yield* takeovers.areAllowed)
  })

  const mayTake = (record: TaskRecord): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      if (workers.has(record.taskId)) return Effect.succeed(false)
      const { leaseExpiresAt, worker } = record
      // Whether a registered worker is dead is a fact that the storage knows.
      return worker !== undefined || leaseExpiresAt === undefined || leaseExpiresAt.epochMilliseconds === 0
        ? Effect.succeed(true)
        : mayTakeOver
    })

  /** The storage only compares the lease with the clock of this process: whether that is enough is looked at before. */
  const mayClaim = Effect.fnUntraced(function*(taskId: string) {
    // It has a worker here, or one elsewhere that may be alive.
    if (workers.has(taskId)) return false
    if (yield* mayTakeOver) return true
    const record = Option.getOrUndefined(yield* storage.getTask(taskId))
    return record === undefined || (yield* mayTake(record))
  })

  const claim = (taskId: string, terms: Terms | undefined): Effect.Effect<Claim, ClaimError> => {
    const claimWith = (options: ClaimOptions) => storage.claimTask(taskId, options)
    return terms === undefined
      ? process.taking((registration) =>
        Effect.map(claimWith({ worker: registration.workerId }), (claimed): Claim => {
          registration.tasks++
          return { claimed, registration }
        })
      )
      : Effect.map(outages.watch(claimWith({ lease })), (claimed) => ({ claimed, registration: undefined }))
  }

  const runClaimed: TaskClaims["runClaimed"] = (claimed, handler, registration, terms) => {
    const { abandoned, record } = claimed
    const refused = refuseRerun(claimed, handler.lostWorker)
    return Effect.andThen(
      abandoned ? Metric.update(RunnerMetrics.recovered, 1) : Effect.void,
      refused === undefined
        ? held.run(record, handler, registration, terms)
        : held.fail(record, handler, registration, refused)
    )
  }

  const isHeldHere = (error: ClaimError): error is LeaseHeld =>
    error._tag === "LeaseHeld" && process.find(error.worker) !== undefined

  return {
    mayTakeOver,
    mayTake,
    runClaimed,
    claimAndRun: (taskId, handler, sessionId, terms, onSeat) =>
      Effect.uninterruptibleMask((restore) => {
        const skip = (): Effect.Effect<RunResult> => {
          freeSlot(sessionId)
          onSeat?.()
          return Effect.succeed("skipped")
        }
        const claiming = Effect.flatMap(mayClaim(taskId), (may) => may ? claim(taskId, terms) : Effect.undefined)
        return Effect.matchCauseEffect(claiming, {
          onFailure: (cause): Effect.Effect<RunResult, ClaimRefused> => {
            const error = errorOf(cause)
            if (!isRefused(error) && !isHeldHere(error)) return skip()
            freeSlot(sessionId)
            return Effect.fail(error)
          },
          onSuccess: (claim) => {
            if (claim === undefined) return skip()
            onSeat?.()
            return restore(runClaimed(claim.claimed, handler, claim.registration, terms))
          }
        })
      })
  }
}

interface Claim {
  readonly claimed: ClaimedTask
  readonly registration: Registration | undefined
}

type ClaimError = ClaimRefused | TaskNotFound | TerminalState

const isRefused = (error: ClaimError): error is Exclude<ClaimRefused, LeaseHeld> =>
  error._tag === "InvalidInput" || error._tag === "MaxTasksReached" || error._tag === "TaskStorageUnavailable"
