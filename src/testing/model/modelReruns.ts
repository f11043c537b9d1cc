/**
 * How the reference model runs tasks again.
 *
 * @since 0.2.0
 */
import { refusal } from "./Answer.ts"
import type { Command } from "./Command.ts"
import { released } from "./modelHold.ts"
import { findTask } from "./modelReads.ts"
import type { ModelState, Step } from "./ModelState.ts"
import { clamped, ended, put, storeNew } from "./modelWrites.ts"

/**
 * Runs a task again that has ended.
 *
 * @since 0.2.0
 * @category writes
 */
export const rerunTask = (state: ModelState, call: Extract<Command, { readonly _tag: "rerunTask" }>): Step => {
  const { again, as, steps, taskId } = call
  const stored = findTask(state, call)
  if (stored === undefined) return [refusal({ _tag: "TaskNotFound", taskId }), state]
  if (!ended(stored.status)) return [refusal({ _tag: "TaskNotEnded", taskId, status: stored.status }), state]
  if (stored.rerunAs !== null && again !== true) {
    return [refusal({ _tag: "TaskAlreadyRerun", taskId, rerunAs: stored.rerunAs }), state]
  }
  const [answer, next] = storeNew(state, {
    ...stored,
    ...released,
    taskId: as,
    status: "working",
    statusMessage: null,
    createdAt: state.now,
    lastUpdatedAt: state.now,
    ttl: clamped(state, stored.ttl),
    result: null,
    revision: 1,
    inputRequests: null,
    inputResponses: null,
    requestState: null,
    usedKeys: [],
    attempt: 0,
    traceparent: null,
    failure: null,
    steps: steps === true ? stored.steps : null,
    rerunOf: taskId,
    rerunAs: null
  })
  return next === state ? [answer, state] : [
    answer,
    put(next, { ...stored, rerunAs: as, revision: stored.revision + 1 })
  ]
}
