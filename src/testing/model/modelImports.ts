/**
 * How the reference model takes over tasks of another storage.
 *
 * @since 0.2.0
 */
import { isSame } from "../difference.ts"
import { plainRecord } from "../PlainRecord.ts"
import { refusal } from "./Answer.ts"
import type { Call } from "./Call.ts"
import type { HoldFields } from "./modelHold.ts"
import { hasExpired, visible } from "./modelReads.ts"
import { type ModelState, type ModelTask, recordOf, type Step, untilDeath } from "./ModelState.ts"
import { ended, storeNew, tooLarge } from "./modelWrites.ts"

/**
 * Takes over a task, which nobody holds then.
 *
 * @since 0.2.0
 * @category writes
 */
export const importTask = (
  state: ModelState,
  { dryRun, record }: Extract<Call, { readonly _tag: "importTask" }>
): Step => {
  const asked = Object.keys({ ...record.inputRequests, ...record.inputResponses })
  const task = { ...record, ...holdOf(record), usedKeys: asked }
  const large = tooLarge(state, task)
  if (large !== undefined) return [refusal(large), state]
  if (hasExpired(state, task)) return [{ value: { _tag: "Expired" } }, state]
  const stored = visible(state, undefined).find(({ taskId }) => taskId === task.taskId)
  if (stored !== undefined) {
    const fields = differing(task, stored)
    return [{ value: fields.length === 0 ? { _tag: "Same" } : { _tag: "Differs", fields } }, state]
  }
  const imported = { value: { _tag: "Imported" } }
  if (dryRun === true) return [imported, state]
  const [answer, next] = storeNew(state, task)
  return next === state ? [answer, state] : [imported, next]
}

const holdOf = ({ lastUpdatedAt, leaseExpiresAt, startedAt, status, worker }: ModelTask): HoldFields => {
  if (ended(status) || leaseExpiresAt === null) {
    // Without a lease it shows as what a worker has, if it names one.
    const isHeld = !ended(status) && worker !== null
    return { leaseExpiresAt: isHeld ? startedAt ?? lastUpdatedAt : null, waits: false, worker, startedAt }
  }
  return leaseExpiresAt === untilDeath
    ? { leaseExpiresAt: startedAt ?? lastUpdatedAt, waits: false, worker, startedAt }
    : { leaseExpiresAt, waits: leaseExpiresAt > 0 && startedAt === null, worker, startedAt }
}

/** In the order of their names. Who may claim a task is each storage's own. */
const differing = (task: ModelTask, stored: ModelTask): ReadonlyArray<string> => {
  const ours = plainRecord(recordOf(task))
  const theirs = plainRecord(recordOf(stored))
  return Object.keys({ ...ours, ...theirs })
    .filter((field) => field !== "leaseExpiresAt" && !isSame(ours[field], theirs[field]))
    .toSorted()
}
