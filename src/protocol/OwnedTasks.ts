/**
 * The tasks of one owner.
 *
 * @since 0.2.0
 */
import type { SessionTasks } from "../domain/service/TaskOperations.ts"
import type { SessionRunner } from "../runner/service/TaskRunner.ts"
import type { OwnerLimits } from "./OwnerLimits.ts"
import type { KnownOwner } from "./TaskOwner.ts"

/**
 * The tasks that a request may reach, and the means to run them.
 *
 * @since 0.2.0
 * @category models
 */
export interface OwnedTasks extends KnownOwner {
  readonly storage: SessionTasks
  readonly runner: SessionRunner
  readonly limits: OwnerLimits
}
