/**
 * What the workers of one runner share.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { ProcessWorker } from "../process/makeProcessWorker.ts"
import type { Outages } from "../process/Outages.ts"
import type { Takeovers } from "../process/Takeovers.ts"
import type { BoundHandler } from "../queue/BoundHandler.ts"
import type { LatestRecord } from "./LatestRecord.ts"
import type { Fork } from "./ProgressReports.ts"

/** A worker that gives its task up for a while. */
interface SleepingWorker {
  readonly taskId: string
  readonly handler: BoundHandler
  readonly latest: LatestRecord
}

/**
 * What the workers of one runner share.
 *
 * @since 0.2.0
 * @category models
 */
export interface WorkerSurroundings {
  readonly storage: TaskStorageShape
  /** Milliseconds. */
  readonly lease: number
  /** Milliseconds. Handlers may say otherwise. */
  readonly resultTtl: number | undefined
  readonly outages: Outages
  readonly takeovers: Takeovers
  readonly process: ProcessWorker
  readonly fork: Fork
  /** Hears until when a task was given up. */
  readonly onSleep: (worker: SleepingWorker, at: number) => Effect.Effect<void>
  /** Stops the worker when its task expires. */
  readonly noteExpiry: (at: number) => void
}

/**
 * Milliseconds: the lease of a task whose worker gave up in the middle. It has run out when somebody looks.
 *
 * @since 0.2.0
 * @category constants
 */
export const abandonedLease = 1

/**
 * Gives the lease, in milliseconds, with which a claimed task is left as it was before: one that was abandoned stays so, and its
 * policy decides whether it runs again.
 *
 * @since 0.2.0
 * @category accessors
 */
export const leaseToLeave = (wasAbandoned: boolean): number => wasAbandoned ? abandonedLease : 0
