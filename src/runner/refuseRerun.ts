/**
 * Whether a task that its worker abandoned may run again.
 *
 * @since 0.2.0
 */
import type { ClaimedTask } from "../domain/TaskOperations.ts"
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
  // Each round of input may have cost an attempt that nobody died in.
  const answers = Object.keys(record.inputResponses ?? {}).length
  const attempts = (record.attempt ?? 1) - 1
  return attempts >= policy.maxAttempts + answers
    ? `Interrupted: the workers of the task ended before the task had, ${attempts} times`
    : undefined
}
