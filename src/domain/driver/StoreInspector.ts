/**
 * The primitives with which a backend looks at its own store.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type { StoredTask } from "../task/StoredTask.ts"
import type { StoreReport } from "./StoreReport.ts"
import type { TaskDriverError } from "./TaskDriverError.ts"

/**
 * How a driver looks at its store.
 *
 * @since 0.2.0
 * @category models
 */
export interface Inspection {
  readonly now: number
  /** Whether to mend what is safe to mend. */
  readonly fix: boolean
  /**
   * Takes every row of a task that is read, in any order; `undefined` for one that cannot be read. It is there for a deep look,
   * which reads all there is, a bounded number of rows at a time. Without it nothing is read whose cost grows with what is stored.
   */
  readonly seen: ((taskId: string, task: StoredTask | undefined) => void) | undefined
}

/**
 * What a driver found. Rows that it handed over are not among its findings.
 *
 * @since 0.2.0
 * @category models
 */
export interface InspectorReport extends Omit<StoreReport, "backend"> {
  /** Whether the other primitives of the driver work on this store. */
  readonly isUsable: boolean
}

/**
 * What would bring a store to the schema of this library.
 *
 * @since 0.2.0
 * @category models
 */
export interface MigrationPlan {
  readonly backend: string
  /** The version that the store has; absent where there is none yet. */
  readonly storedVersion?: number
  /** The version of this library. */
  readonly version: number
  /** Whether this library runs on the store as it is. It does on a newer one that is compatible. */
  readonly isUpToDate: boolean
  /**
   * What to run, one after the other: SQL without semicolons at the end, from `BEGIN` to `COMMIT`; for DynamoDB commands of the
   * AWS command line.
   */
  readonly statements: ReadonlyArray<string>
  /** Why nothing brings it up to date, as a sentence. */
  readonly problem?: string
}

/**
 * Looks at the store of a driver.
 *
 * @since 0.2.0
 * @category models
 */
export interface StoreInspector {
  /** Compares the store with what the driver needs. A store that is missing, too old, too new or broken is a finding. */
  readonly look: (inspection: Inspection) => Effect.Effect<InspectorReport, TaskDriverError>
  /** Says what would bring the store to the schema of this library, and changes nothing. */
  readonly plan: Effect.Effect<Omit<MigrationPlan, "backend">, TaskDriverError>
  /** Asks the engine for its time, in milliseconds since the epoch, if it has a clock of its own and tells it. */
  readonly engineTime?: Effect.Effect<number | undefined, TaskDriverError>
}
