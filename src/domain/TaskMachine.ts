/**
 * The rules of the contract, as pure decisions.
 *
 * A write that does not depend on what is stored is a {@link Plan}: a guard and a patch, known before anything is read,
 * and the reason to give when the guard refuses. A write that merges with what is stored is a function of the stored
 * task; it is then written if that task is unchanged.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { addEntries, addUsedKeys, entriesOf, keysOf, mapOf, usedKeys } from "./InputRound.ts"
import type { StoredJson } from "./StoredJson.ts"
import { contentBytes, type StoredTask } from "./StoredTask.ts"
import {
  ConcurrentModification,
  InputKeyReused,
  InvalidInput,
  InvalidTransition,
  PayloadTooLarge,
  ResultAlreadyStored,
  TerminalState
} from "./TaskError.ts"
import { impliedStatus, type ResultKind } from "./TaskOutcome.ts"
import { activeStatuses, isTerminal, predecessors, type TaskStatus, taskStatuses } from "./TaskStatus.ts"
import { applyPatch, type TaskGuard, type TaskPatch, withStatus } from "./TaskWrite.ts"

/**
 * A write that needs no reading. `refuse` explains why the guard did not permit it for this stored task.
 *
 * @since 0.1.0
 * @category models
 */
export interface Plan<E> {
  readonly guard: TaskGuard
  readonly patch: TaskPatch
  readonly refuse: (stored: StoredTask) => E
}

/**
 * An outcome that was parsed.
 *
 * @since 0.1.0
 * @category models
 */
export interface ParsedOutcome {
  readonly result: StoredJson
  readonly resultKind: ResultKind
}

/**
 * A new status message: absent keeps, `null` clears.
 *
 * @since 0.1.0
 * @category models
 */
export type MessagePatch = { readonly statusMessage?: StoredJson | null }

/**
 * Plans a transition of the state machine.
 *
 * @since 0.1.0
 * @category plans
 */
export const planTransition = (
  status: TaskStatus,
  message: MessagePatch,
  now: number,
  maxContentBytes: number
): Plan<PayloadTooLarge | TerminalState | InvalidTransition> => {
  const patch = withStatus(status, { lastUpdatedAt: now, ...message })
  const guard = { statuses: predecessors(status), ...contentGuard(message, maxContentBytes) }
  return {
    guard,
    patch,
    refuse: (stored) => refuseContent(stored, guard, patch) ?? refuseTransition(stored, status)
  }
}

/**
 * Plans the finish of a task: outcome and terminal status together.
 *
 * @since 0.1.0
 * @category plans
 */
export const planSettle = (
  outcome: ParsedOutcome,
  status: "completed" | "failed" | undefined,
  message: MessagePatch,
  now: number,
  maxContentBytes: number
): Plan<PayloadTooLarge | ResultAlreadyStored | TerminalState> => {
  const to = status ?? impliedStatus(outcome.resultKind)
  const { result, resultKind } = outcome
  const patch = withStatus(to, { lastUpdatedAt: now, result, resultKind, ...message })
  const guard: TaskGuard = {
    statuses: predecessors(to),
    result: "absent",
    ...contentGuard(message, maxContentBytes)
  }
  return {
    guard,
    patch,
    refuse: (stored) => refuseContent(stored, guard, patch) ?? refuseResult(stored)
  }
}

const openToResult: ReadonlyArray<TaskStatus> = taskStatuses.filter((status) => status !== "cancelled")

/**
 * Plans the storing of an outcome without a transition.
 *
 * @since 0.1.0
 * @category plans
 */
export const planStoreResult = (
  outcome: ParsedOutcome,
  now: number
): Plan<ResultAlreadyStored | TerminalState> => ({
  guard: { statuses: openToResult, result: "absent" },
  patch: { lastUpdatedAt: now, result: outcome.result, resultKind: outcome.resultKind },
  refuse: refuseResult
})

/**
 * Plans a sign of life: a write without a transition, while the task has not ended.
 *
 * @since 0.1.0
 * @category plans
 */
export const planTouch = (
  change: MessagePatch & Pick<TaskPatch, "ttl" | "pollInterval">,
  now: number,
  maxContentBytes: number
): Plan<PayloadTooLarge | TerminalState> => {
  const patch = { lastUpdatedAt: now, ...change }
  const guard = { statuses: activeStatuses, ...contentGuard(change, maxContentBytes) }
  return {
    guard,
    patch,
    refuse: (stored) =>
      refuseContent(stored, guard, patch) ??
        new TerminalState({ taskId: stored.taskId, status: stored.status })
  }
}

/**
 * Plans the recovery of a task that nobody touched since `updatedBefore`: it fails with `failure`, or, where an outcome
 * of `storedKind` is stored already, gets the status which that implies. Whoever wrote it meanwhile wins.
 *
 * @since 0.1.0
 * @category plans
 */
export const planRecovery = (
  storedKind: ResultKind | null,
  failure: ParsedOutcome & { readonly statusMessage: StoredJson },
  statuses: ReadonlyArray<TaskStatus>,
  updatedBefore: number,
  now: number
): Pick<Plan<never>, "guard" | "patch"> => {
  const guard = { statuses, updatedBefore, result: storedKind === null ? "absent" : "present" } as const
  return storedKind === null
    ? { guard, patch: withStatus("failed", { lastUpdatedAt: now, ...failure }) }
    : { guard, patch: withStatus(impliedStatus(storedKind), { lastUpdatedAt: now }) }
}

/**
 * A record handed in for a full replacement, parsed. `revision` is the one that it was read at.
 *
 * @since 0.1.0
 * @category models
 */
export type Replacement = Omit<StoredTask, "incarnation" | "inputKeys" | "lastUpdatedAt">

/**
 * Decides on a full replacement of a stored task.
 *
 * @since 0.1.0
 * @category decisions
 */
export const decideReplacement = (
  stored: StoredTask,
  next: Replacement,
  now: number
): Result.Result<
  TaskPatch,
  InvalidInput | ConcurrentModification | ResultAlreadyStored | TerminalState | InvalidTransition
> => {
  const { taskId } = stored
  if (next.createdAt !== stored.createdAt) {
    return Result.fail(new InvalidInput({ field: "createdAt", reason: "cannot be changed" }))
  }
  if (next.sessionId !== stored.sessionId) {
    return Result.fail(new InvalidInput({ field: "sessionId", reason: "cannot be changed" }))
  }
  if (next.revision !== stored.revision) {
    return Result.fail(new ConcurrentModification({ taskId, expected: next.revision, actual: stored.revision }))
  }
  if (stored.result !== null && next.result?.text !== stored.result.text) {
    return Result.fail(new ResultAlreadyStored({ taskId }))
  }
  if (next.status !== stored.status && !predecessors(next.status).includes(stored.status)) {
    return Result.fail(refuseTransition(stored, next.status))
  }
  if (stored.result === null && next.result !== null && !openToResult.includes(stored.status)) {
    return Result.fail(new TerminalState({ taskId, status: stored.status }))
  }
  return Result.succeed(withStatus(next.status, {
    lastUpdatedAt: now,
    ttl: next.ttl,
    pollInterval: next.pollInterval,
    originalMethod: next.originalMethod,
    statusMessage: next.statusMessage,
    meta: next.meta,
    originalParams: next.originalParams,
    inputRequests: next.inputRequests,
    inputResponses: next.inputResponses,
    requestState: next.requestState,
    ...(next.inputRequests === null ? {} : { inputKeys: addUsedKeys(stored, keysOf(next.inputRequests)) }),
    ...(stored.result === null && next.result !== null && next.resultKind !== null
      ? { result: next.result, resultKind: next.resultKind }
      : {})
  }))
}

/**
 * Decides on asking for input.
 *
 * @since 0.1.0
 * @category decisions
 */
export const decideRequireInput = (
  stored: StoredTask,
  requests: StoredJson,
  requestState: StoredJson | undefined,
  now: number,
  maxContentBytes: number
): Result.Result<TaskPatch, PayloadTooLarge | TerminalState | InputKeyReused> => {
  const { taskId } = stored
  const patch = withStatus("input_required", {
    lastUpdatedAt: now,
    inputRequests: addEntries(stored.inputRequests, entriesOf(requests)),
    inputKeys: addUsedKeys(stored, keysOf(requests)),
    ...(requestState === undefined ? {} : { requestState })
  })
  const tooLarge = overContent(applyPatch(stored, patch), maxContentBytes)
  if (tooLarge !== undefined) return Result.fail(tooLarge)
  if (isTerminal(stored.status)) return Result.fail(new TerminalState({ taskId, status: stored.status }))
  const used = usedKeys(stored)
  const reused = keysOf(requests).find((key) => used.has(key))
  return reused === undefined ? Result.succeed(patch) : Result.fail(new InputKeyReused({ taskId, key: reused }))
}

/**
 * What an answer does: nothing when no outstanding request is answered by it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  readonly patch: TaskPatch | undefined
  readonly complete: boolean
}

/**
 * Decides on answers to outstanding input requests.
 *
 * @since 0.1.0
 * @category decisions
 */
export const decideProvideInput = (
  stored: StoredTask,
  responses: StoredJson,
  now: number,
  maxContentBytes: number
): Result.Result<Answer, PayloadTooLarge | TerminalState> => {
  const outstanding = entriesOf(stored.inputRequests)
  const asked = new Set(outstanding.map(([key]) => key))
  const accepted = entriesOf(responses).filter(([key]) => asked.has(key))
  const answered = new Set(accepted.map(([key]) => key))
  const remaining = outstanding.filter(([key]) => !answered.has(key))
  const complete = accepted.length > 0 && remaining.length === 0
  const fields = {
    lastUpdatedAt: now,
    inputRequests: remaining.length === 0 ? null : mapOf(remaining),
    inputResponses: addEntries(stored.inputResponses, accepted)
  }
  const patch = complete ? withStatus("working", fields) : fields
  const tooLarge = accepted.length === 0 ? undefined : overContent(applyPatch(stored, patch), maxContentBytes)
  if (tooLarge !== undefined) return Result.fail(tooLarge)
  if (isTerminal(stored.status)) {
    return Result.fail(new TerminalState({ taskId: stored.taskId, status: stored.status }))
  }
  return Result.succeed({ patch: accepted.length === 0 ? undefined : patch, complete })
}

/**
 * Gives the error of a content that is too large for the limit, if it is.
 *
 * @since 0.1.0
 * @category guards
 */
export const overContent = (task: StoredTask, limit: number): PayloadTooLarge | undefined => {
  if (contentBytes(task, "bytesAtMost") <= limit) return undefined
  const actual = contentBytes(task)
  return actual <= limit ? undefined : new PayloadTooLarge({ limit, actual })
}

/** Only a message that is written can make the content grow. */
const contentGuard = (message: MessagePatch, limit: number): Pick<TaskGuard, "contentAtMost"> =>
  message.statusMessage === undefined || message.statusMessage === null ? {} : { contentAtMost: limit }

const refuseContent = (stored: StoredTask, guard: TaskGuard, patch: TaskPatch): PayloadTooLarge | undefined =>
  guard.contentAtMost === undefined ? undefined : overContent(applyPatch(stored, patch), guard.contentAtMost)

const refuseTransition = (stored: StoredTask, requested: TaskStatus): TerminalState | InvalidTransition =>
  isTerminal(stored.status)
    ? new TerminalState({ taskId: stored.taskId, status: stored.status })
    : new InvalidTransition({ taskId: stored.taskId, current: stored.status, requested })

const refuseResult = (stored: StoredTask): ResultAlreadyStored | TerminalState =>
  stored.result === null
    ? new TerminalState({ taskId: stored.taskId, status: stored.status })
    : new ResultAlreadyStored({ taskId: stored.taskId })
