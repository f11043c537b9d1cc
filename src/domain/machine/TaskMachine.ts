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
import { applyPatch, settledPatch, type TaskGuard, type TaskPatch, withMore, withStatus } from "../driver/TaskWrite.ts"
import type { StoredJson } from "../json/StoredJson.ts"
import { append, assign, entryOf, filterKeys, keysOf } from "../json/StoredMap.ts"
import type { StoredFailure } from "../task/FailureReport.ts"
import { storedKeys, usedKeys } from "../task/InputRound.ts"
import { tooManyKeys, tooManySteps } from "../task/PartLimits.ts"
import { type ContentLimits, overContent } from "../task/PayloadLimits.ts"
import type { StoredTask } from "../task/StoredTask.ts"
import {
  ConcurrentModification,
  InputKeyReused,
  InvalidInput,
  InvalidTransition,
  LeaseLost,
  type PayloadTooLarge,
  ResultAlreadyStored,
  TerminalState
} from "../task/TaskError.ts"
import { impliedStatus, type ResultKind } from "../task/TaskOutcome.ts"
import { activeStatuses, isTerminal, predecessors, type TaskStatus, taskStatuses } from "../task/TaskStatus.ts"
import type { HoldPatch } from "./TaskHold.ts"

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
 * A new status message. Absent keeps the old one, `null` clears it.
 *
 * @since 0.1.0
 * @category models
 */
export type MessagePatch = { readonly statusMessage?: StoredJson | null }

/**
 * What a write that ends a task adds: when the task expires then, and what went wrong.
 *
 * @since 0.2.0
 * @category models
 */
export type EndPatch = Pick<TaskPatch, "expiry" | "failure" | "failureStack">

/**
 * The trace context of the run that writes. Absent keeps the one that is stored.
 *
 * @since 0.2.0
 * @category models
 */
export type RunPatch = { readonly runTraceparent?: StoredJson }

/**
 * The writer: the worker of this attempt. Without an attempt, anybody.
 *
 * @since 0.2.0
 * @category models
 */
export type Writer = Pick<TaskGuard, "attempt">

/**
 * Plans a transition of the state machine.
 *
 * @since 0.1.0
 * @category plans
 */
export const planTransition = (
  status: TaskStatus,
  change: MessagePatch & RunPatch & EndPatch,
  writer: Writer,
  now: number,
  limits: ContentLimits
): Plan<PayloadTooLarge | LeaseLost | TerminalState | InvalidTransition> => {
  const patch = withStatus(status, { lastUpdatedAt: now, ...change })
  const guard = { statuses: predecessors(status), ...writer, ...contentGuard(change, limits) }
  return {
    guard,
    patch,
    refuse: (stored) => refuseWriter(stored, guard, patch, limits) ?? refuseTransition(stored, status)
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
  change: MessagePatch & RunPatch & EndPatch,
  writer: Writer,
  now: number,
  limits: ContentLimits
): Plan<PayloadTooLarge | LeaseLost | ResultAlreadyStored | TerminalState> => {
  const to = status ?? impliedStatus(outcome.resultKind)
  const { result, resultKind } = outcome
  const patch = withMore(settledPatch(to, result, resultKind, now), change)
  const unwritten: TaskGuard = { statuses: predecessors(to), result: "absent" }
  const guard = withMore<TaskGuard>(withMore<TaskGuard>(unwritten, writer), contentGuard(change, limits))
  return {
    guard,
    patch,
    refuse: (stored) => refuseWriter(stored, guard, patch, limits) ?? refuseResult(stored)
  }
}

const openToResult: ReadonlyArray<TaskStatus> = taskStatuses.filter((status) => status !== "cancelled")

/**
 * Plans the storing of an outcome without a transition. A time to live from the end is for a task that has ended.
 *
 * @since 0.1.0
 * @category plans
 */
export const planStoreResult = (
  outcome: ParsedOutcome,
  end: RunPatch & EndPatch,
  writer: Writer,
  now: number
): Plan<InvalidInput | LeaseLost | ResultAlreadyStored | TerminalState> => {
  const statuses = end.expiry === undefined ? openToResult : openToResult.filter(isTerminal)
  return {
    guard: { statuses, result: "absent", ...writer },
    patch: { lastUpdatedAt: now, result: outcome.result, resultKind: outcome.resultKind, ...end },
    refuse: (stored) => refuseEnd(stored, end) ?? refuseLease(stored, writer) ?? refuseResult(stored)
  }
}

const refuseEnd = ({ status }: StoredTask, { expiry }: EndPatch): InvalidInput | undefined =>
  expiry === undefined || isTerminal(status)
    ? undefined
    : new InvalidInput({ field: "resultTtl", reason: `is for tasks that have ended, and this one is ${status}` })

/**
 * Plans a sign of life: a write without a transition, while the task has not ended. If it extends the lease and changes
 * nothing else, watchers are not told.
 *
 * @since 0.1.0
 * @category plans
 */
export const planTouch = (
  change: MessagePatch & RunPatch & HoldPatch & Pick<TaskPatch, "ttl" | "pollInterval">,
  writer: Writer,
  now: number,
  limits: ContentLimits
): Plan<PayloadTooLarge | LeaseLost | TerminalState> => {
  const patch = isExtension(change) ? change : { lastUpdatedAt: now, ...change }
  const guard = { statuses: activeStatuses, ...writer, ...contentGuard(change, limits) }
  return {
    guard,
    patch,
    refuse: (stored) =>
      refuseWriter(stored, guard, patch, limits) ??
        new TerminalState({ taskId: stored.taskId, status: stored.status })
  }
}

/** Whether nothing but the lease of the one who has the task gets longer. */
const isExtension = ({ dueAt, leaseExpiresAt, worker, ...others }: HoldPatch): boolean =>
  typeof leaseExpiresAt === "number" && leaseExpiresAt > 0 && dueAt === null && worker === null &&
  Object.keys(others).length === 0

/**
 * When a task is abandoned: nobody has written or held it since a time, or its lease has run out by a time.
 *
 * @since 0.2.0
 * @category models
 */
export type Abandonment =
  | Required<Pick<TaskGuard, "updatedBefore" | "freeSince">>
  | Required<Pick<TaskGuard, "leaseExpiredBy">>

/**
 * Plans the recovery of an abandoned task. It fails as `failed` says. If an outcome of `storedKind` is stored already, it gets
 * the status of that outcome. Any write since then wins.
 *
 * @since 0.1.0
 * @category plans
 */
export const planRecovery = (
  storedKind: ResultKind | null,
  failed: ParsedOutcome & StoredFailure & { readonly statusMessage: StoredJson },
  statuses: ReadonlyArray<TaskStatus>,
  abandonment: Abandonment,
  end: EndPatch,
  now: number
): Pick<Plan<never>, "guard" | "patch"> => {
  const guard = { statuses, ...abandonment, result: storedKind === null ? "absent" : "present" } as const
  return storedKind === null
    ? { guard, patch: withStatus("failed", { lastUpdatedAt: now, ...end, ...failed }) }
    : { guard, patch: withStatus(impliedStatus(storedKind), { lastUpdatedAt: now, ...end }) }
}

/**
 * A record handed in for a full replacement, parsed. `revision` is the one that it was read at.
 *
 * @since 0.1.0
 * @category models
 */
export type Replacement = Omit<
  StoredTask,
  "incarnation" | "inputKeys" | "lastUpdatedAt" | "attempt" | "rerunOf" | "rerunAs" | keyof HoldPatch
>

/** What a replacement writes as it is. */
type Replaced = Omit<
  Replacement,
  "taskId" | "sessionId" | "createdAt" | "status" | "revision" | "result" | "resultKind"
>

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
  const used = usedKeys(stored)
  const keys = new Set([...used, ...keysOf(next.inputRequests)])
  const tooMany = tooManySteps("steps", keysOf(next.steps).length, keysOf(stored.steps).length) ??
    tooManyKeys("inputRequests", keys.size, used.size)
  if (tooMany !== undefined) return Result.fail(tooMany)
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
  const fields: Replaced = {
    ttl: next.ttl,
    pollInterval: next.pollInterval,
    name: next.name,
    traceparent: next.traceparent,
    tracestate: next.tracestate,
    runTraceparent: next.runTraceparent,
    originalMethod: next.originalMethod,
    statusMessage: next.statusMessage,
    meta: next.meta,
    failure: next.failure,
    originalParams: next.originalParams,
    inputRequests: next.inputRequests,
    inputResponses: next.inputResponses,
    requestState: next.requestState,
    principal: next.principal,
    steps: next.steps,
    failureStack: next.failureStack
  }
  return Result.succeed(withStatus(next.status, {
    ...fields,
    lastUpdatedAt: now,
    ...(next.inputRequests === null ? {} : { inputKeys: storedKeys(keys) }),
    ...(stored.result === null && next.result !== null && next.resultKind !== null
      ? { result: next.result, resultKind: next.resultKind }
      : {})
  }))
}

/**
 * Decides on storing the result of a step. A result that is stored under the key already stays.
 *
 * @since 0.2.0
 * @category decisions
 */
export const decideStep = (
  stored: StoredTask,
  key: string,
  value: StoredJson,
  run: RunPatch,
  writer: Writer,
  now: number,
  limits: ContentLimits
): Result.Result<
  { readonly patch: TaskPatch | undefined },
  InvalidInput | PayloadTooLarge | LeaseLost | TerminalState
> => {
  const keys = keysOf(stored.steps)
  const patch = keys.includes(key)
    ? undefined
    : { ...run, lastUpdatedAt: now, steps: append(stored.steps, entryOf(key, value)) }
  const tooMuch = patch === undefined
    ? undefined
    : tooManySteps("key", keys.length + 1, 0) ?? overContent(applyPatch(stored, patch), limits)
  const refused = tooMuch ?? refuseLease(stored, writer) ?? refuseEnded(stored)
  return refused === undefined ? Result.succeed({ patch }) : Result.fail(refused)
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
  change: RunPatch & HoldPatch & Pick<TaskPatch, "requestState">,
  writer: Writer,
  now: number,
  limits: ContentLimits
): Result.Result<TaskPatch, InvalidInput | PayloadTooLarge | LeaseLost | TerminalState | InputKeyReused> => {
  const { taskId } = stored
  const asked = keysOf(requests)
  const used = usedKeys(stored)
  const keys = new Set([...used, ...asked])
  const patch = withStatus("input_required", {
    lastUpdatedAt: now,
    ...change,
    inputRequests: assign(stored.inputRequests, requests),
    inputKeys: storedKeys(keys)
  })
  const refused = tooManyKeys("requests", keys.size, used.size) ??
    overContent(applyPatch(stored, patch), limits) ?? refuseLease(stored, writer) ?? refuseEnded(stored)
  if (refused !== undefined) return Result.fail(refused)
  const reused = asked.find((key) => used.has(key))
  return reused === undefined ? Result.succeed(patch) : Result.fail(new InputKeyReused({ taskId, key: reused }))
}

/**
 * The effect of an answer. It has none if it answers no outstanding request.
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
  limits: ContentLimits
): Result.Result<Answer, PayloadTooLarge | TerminalState> => {
  const outstanding = new Set(keysOf(stored.inputRequests))
  const accepted = filterKeys(responses, (key) => outstanding.has(key))
  if (accepted === null) {
    const refused = refuseEnded(stored)
    return refused === undefined ? Result.succeed({ patch: undefined, complete: false }) : Result.fail(refused)
  }
  const answered = new Set(keysOf(accepted))
  const remaining = filterKeys(stored.inputRequests, (key) => !answered.has(key))
  const complete = remaining === null
  const fields = {
    lastUpdatedAt: now,
    inputRequests: remaining,
    inputResponses: assign(stored.inputResponses, accepted)
  }
  const patch = complete ? withStatus("working", fields) : fields
  const refused = overContent(applyPatch(stored, patch), limits) ?? refuseEnded(stored)
  return refused === undefined ? Result.succeed({ patch, complete }) : Result.fail(refused)
}

/** Only a new message can make the content grow. */
const contentGuard = (
  message: MessagePatch,
  { maxContentBytes }: ContentLimits
): Pick<TaskGuard, "contentAtMost"> =>
  message.statusMessage === undefined || message.statusMessage === null
    ? anyContent
    : { contentAtMost: maxContentBytes }

const anyContent: Pick<TaskGuard, "contentAtMost"> = {}

const refuseContent = (
  stored: StoredTask,
  guard: TaskGuard,
  patch: TaskPatch,
  limits: ContentLimits
): PayloadTooLarge | undefined =>
  guard.contentAtMost === undefined ? undefined : overContent(applyPatch(stored, patch), limits)

const refuseLease = (stored: StoredTask, { attempt }: Writer): LeaseLost | undefined =>
  attempt === undefined || stored.attempt === attempt
    ? undefined
    : new LeaseLost({ taskId: stored.taskId, attempt, current: stored.attempt })

const refuseWriter = (
  stored: StoredTask,
  guard: TaskGuard,
  patch: TaskPatch,
  limits: ContentLimits
): PayloadTooLarge | LeaseLost | undefined => refuseContent(stored, guard, patch, limits) ?? refuseLease(stored, guard)

const refuseEnded = ({ status, taskId }: StoredTask): TerminalState | undefined =>
  isTerminal(status) ? new TerminalState({ taskId, status }) : undefined

const refuseTransition = (stored: StoredTask, requested: TaskStatus): TerminalState | InvalidTransition =>
  isTerminal(stored.status)
    ? new TerminalState({ taskId: stored.taskId, status: stored.status })
    : new InvalidTransition({ taskId: stored.taskId, current: stored.status, requested })

const refuseResult = (stored: StoredTask): ResultAlreadyStored | TerminalState =>
  stored.result === null
    ? new TerminalState({ taskId: stored.taskId, status: stored.status })
    : new ResultAlreadyStored({ taskId: stored.taskId })
