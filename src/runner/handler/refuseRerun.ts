/**
 * Whether a task that its worker abandoned may run again.
 *
 * @since 0.2.0
 */
import type { ClaimedTask } from "../../domain/service/TaskOperations.ts"
import { countRetries, countSleeps } from "./ownSteps.ts"
import type { LostWorkerPolicy } from "./TaskHandler.ts"

/**
 * Says why a claimed task may not run, if so. A task that was released may always.
 *
 * @since 0.2.0
 * @category guards
 */
export const refuseRerun = ({ abandoned, record }: ClaimedTask, policy: LostWorkerPolicy): string | undefined => {
  if (!abandoned) return undefined
  if (policy === "fail") return "Interrupted: the worker of the task ended before the task had"
  // Each round of input, each sleep and each retry may have cost an attempt that nobody died in.
  const others = Object.keys(record.inputResponses ?? {}).length + countSleeps(record) + countRetries(record)
  const attempts = (record.attempt ?? 1) - 1
  return attempts >= policy.maxAttempts + others
    ? `Interrupted: the workers of the task ended before the task had, ${attempts} times`
    : undefined
}
