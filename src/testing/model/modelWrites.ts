/**
 * How the reference model writes tasks.
 *
 * @since 0.1.0
 */
import { ownValue } from "../../domain/json/ownValue.ts"
import type { TaskStatus } from "../../domain/task/TaskStatus.ts"
import { isSame } from "../difference.ts"
import { plainRecord } from "../PlainRecord.ts"
import { type Answer, type Refusal, refusal } from "./Answer.ts"
import type { Call } from "./Call.ts"
import { type Actor, failureNamed, outcomeNamed } from "./Command.ts"
import { heldFrom, heldOn, isAbandoned, isFreeAt, isHolderDead, released } from "./modelHold.ts"
import { findTask, hasExpired, showTask } from "./modelReads.ts"
import { hasBegun, hasSeat, refusedSeat, tasksWait } from "./modelSeats.ts"
import {
  contentBytesOf,
  contentLimitOf,
  type ModelState,
  type ModelTask,
  recordOf,
  type Step,
  untilDeath,
  without
} from "./ModelState.ts"
import { withHint, withNews } from "./modelWorkers.ts"

type CallOf<Tag extends Call["_tag"]> = Extract<Call, { readonly _tag: Tag }>

/**
 * Tells whether a task in this status has ended.
 *
 * @since 0.2.0
 * @category guards
 */
export const ended = (status: TaskStatus): boolean => status !== "working" && status !== "input_required"

const shown = (task: ModelTask, brief = false): Answer => ({ value: showTask(task, brief) })

/**
 * Shortens a ttl to the longest there is. A null is a missing limit as well as an unlimited ttl.
 *
 * @since 0.2.0
 * @category accessors
 */
export const clamped = (state: ModelState, ttl: number | null): number | null => {
  const most = Math.min(ttl ?? Infinity, state.options.maxTtl ?? Infinity)
  return most === Infinity ? null : most
}

/**
 * Refuses a task whose content is too large.
 *
 * @since 0.2.0
 * @category guards
 */
export const tooLarge = (state: ModelState, task: ModelTask): Refusal | undefined => {
  const limit = contentLimitOf(state)
  const actual = contentBytesOf(task, state.payloadBytes)
  return actual > limit ? { _tag: "PayloadTooLarge", actual, limit } : undefined
}

/**
 * Puts a written task in the place of the stored one: one revision later, and once it ended asking for nothing and held
 * by nobody. A lease that is extended is no sign of change.
 */
const written = (state: ModelState, stored: ModelTask, next: ModelTask, isExtended = false): ModelTask => ({
  ...next,
  inputRequests: ended(next.status) ? null : next.inputRequests,
  leaseExpiresAt: ended(next.status) ? null : next.leaseExpiresAt,
  lastUpdatedAt: isExtended ? stored.lastUpdatedAt : state.now,
  revision: stored.revision + 1
})

/**
 * Puts a task in the place of the one of its id.
 *
 * @since 0.2.0
 * @category converting
 */
export const put = (state: ModelState, task: ModelTask): ModelState => ({
  ...state,
  tasks: [...state.tasks.filter(({ taskId }) => taskId !== task.taskId), task]
})

/**
 * Writes a task that an actor sees, or says why not; `decide` gives the task as it would be and a reason against it. The
 * worker that holds the task has news of it, unless the write names an attempt.
 */
const write = (
  state: ModelState,
  target: { readonly actor: Actor; readonly taskId: string; readonly attempt?: number; readonly brief?: true },
  decide: (stored: ModelTask) => {
    readonly next: ModelTask
    readonly refused: Refusal | undefined
    readonly isExtended?: boolean
  }
): Step => {
  const stored = findTask(state, target)
  if (stored === undefined) return [refusal({ _tag: "TaskNotFound", taskId: target.taskId }), state]
  const { isExtended, next, refused } = decide(stored)
  if (refused !== undefined) return [refusal(refused), state]
  const task = written(state, stored, next, isExtended)
  const isNews = target.attempt === undefined && isExtended !== true && next.attempt === stored.attempt
  return [shown(task, target.brief), put(isNews ? withNews(state, stored) : state, task)]
}

/**
 * The ttl of a task that lives so much longer from now on.
 *
 * @since 0.2.0
 * @category accessors
 */
export const endTtl = (state: ModelState, task: ModelTask, resultTtl: number | undefined): number | null =>
  resultTtl === undefined
    ? task.ttl
    : Math.min(state.now - task.createdAt + resultTtl, state.options.maxTtl ?? Infinity)

/** What is known of what went wrong. */
const reported = (state: ModelState, task: ModelTask, name: "bare" | "stacked" | undefined): ModelTask["failure"] => {
  const failure = failureNamed(name)
  return failure === undefined ? task.failure : { ...failure, at: state.now }
}

const refusedEnd = ({ status, taskId }: ModelTask): Refusal | undefined =>
  ended(status) ? { _tag: "TerminalState", status, taskId } : undefined

const refusedStep = (stored: ModelTask, requested: TaskStatus): Refusal | undefined =>
  refusedEnd(stored) ?? (stored.status === requested
    ? { _tag: "InvalidTransition", current: stored.status, requested, taskId: stored.taskId }
    : undefined)

const refusedResult = ({ result, taskId }: ModelTask): Refusal | undefined =>
  result === null ? undefined : { _tag: "ResultAlreadyStored", taskId }

const refusedWorker = ({ attempt: current, taskId }: ModelTask, attempt: number | undefined): Refusal | undefined =>
  attempt === undefined || attempt === current ? undefined : { _tag: "LeaseLost", attempt, current, taskId }

/** A message that is written may be too long together with the rest, which is reported before the state. */
const refusedMessage = (state: ModelState, stored: ModelTask, next: ModelTask, message: string | null | undefined) =>
  message === undefined || message === null ? undefined : tooLarge(state, written(state, stored, next))

/**
 * @since 0.1.0
 * @category writes
 */
export const createTask = (state: ModelState, call: CallOf<"createTask">): Step => {
  const session = call.actor.session
  if (session !== undefined && call.sessionId !== undefined && call.sessionId !== session) {
    return [refusal({ _tag: "InvalidInput", field: "sessionId" }), state]
  }
  const status = call.status ?? "working"
  const createdAt = state.now - (call.age ?? 0)
  const asked = call.asks === undefined ? null : { [call.asks]: "asked" }
  const { defaultTtl } = state.options
  const hold = call.hold === undefined
    ? { ...released, leaseExpiresAt: null }
    : heldFrom(state, call.hold)
  const task: ModelTask = {
    ...hold,
    taskId: call.taskId,
    sessionId: call.sessionId ?? session ?? null,
    status,
    statusMessage: call.statusMessage ?? null,
    createdAt,
    lastUpdatedAt: createdAt,
    ttl: clamped(state, call.ttl === undefined ? defaultTtl ?? null : call.ttl),
    pollInterval: null,
    originalMethod: "tools/call",
    result: call.result === undefined ? null : outcomeNamed(call.result),
    revision: 1,
    inputRequests: ended(status) ? null : asked,
    inputResponses: null,
    requestState: null,
    usedKeys: Object.keys(asked ?? {}),
    attempt: hold.startedAt === null ? 0 : 1,
    leaseExpiresAt: ended(status) ? null : hold.leaseExpiresAt,
    name: call.name ?? null,
    traceparent: call.traceparent ?? null,
    failure: null,
    principal: call.principal ?? null,
    steps: null,
    rerunOf: null,
    rerunAs: null
  }
  const large = tooLarge(state, task)
  if (large !== undefined) return [refusal(large), state]
  if (!tasksWait(state)) return storeNew(state, task)
  const [answer, next] = storeNew(state, hasSeat(state, task) ? { ...task, attempt: 1 } : task)
  // What is held waits without its holder. What nobody holds has been begun by its creator.
  return next === state && isHeld(task) && wantsSeat(answer)
    ? storeNew(state, { ...task, ...released, attempt: 0 })
    : [answer, next]
}

const isHeld = ({ attempt, leaseExpiresAt }: ModelTask): boolean => leaseExpiresAt !== null && attempt > 0

const wantsSeat = (answer: Answer): boolean =>
  "error" in answer && answer.error["_tag"] === "MaxTasksReached" &&
  (answer.error["scope"] === "active" || answer.error["scope"] === "activePerSession")

/**
 * Stores a new task, in the place of an expired one, if there is room.
 *
 * @since 0.2.0
 * @category writes
 */
export const storeNew = (state: ModelState, task: ModelTask): Step => {
  const { maxTasks, maxTasksPerSession } = state.options
  const old = state.tasks.find(({ taskId }) => taskId === task.taskId)
  if (old !== undefined && !hasExpired(state, old)) {
    return [refusal({ _tag: "TaskAlreadyExists", taskId: task.taskId }), state]
  }
  const others = state.tasks.filter((other) => other !== old)
  if (others.length >= (maxTasks ?? Infinity)) {
    return [refusal({ _tag: "MaxTasksReached", limit: maxTasks ?? 0, scope: "storage" }), state]
  }
  const inSession = others.filter(({ sessionId }) => sessionId === task.sessionId)
  if (task.sessionId !== null && inSession.length >= (maxTasksPerSession ?? Infinity)) {
    return [refusal({ _tag: "MaxTasksReached", limit: maxTasksPerSession ?? 0, scope: "session" }), state]
  }
  const refused = hasSeat(state, task) ? refusedSeat(state, task, others) : undefined
  if (refused !== undefined) return [refusal(refused), state]
  return old === undefined
    ? [shown(task), put(state, task)]
    : [shown(task), put(without(withHint(state, old), [old]), task)]
}

/**
 * @since 0.1.0
 * @category writes
 */
export const replaceTask = (state: ModelState, call: CallOf<"updateTask">): Step => {
  const { createdAt, inputRequests, result, revision, sessionId, status, taskId } = call.record
  const record = {
    ...call.record,
    inputRequests: ended(status) ? null : inputRequests,
    ttl: clamped(state, call.record.ttl)
  }
  const large = tooLarge(state, record)
  if (large !== undefined) return [refusal(large), state]
  return write(state, { actor: call.actor, taskId }, (stored) => {
    const refuse = (): Refusal | undefined => {
      if (createdAt !== stored.createdAt) return { _tag: "InvalidInput", field: "createdAt" }
      if (sessionId !== stored.sessionId) return { _tag: "InvalidInput", field: "sessionId" }
      if (revision !== stored.revision) {
        return { _tag: "ConcurrentModification", actual: stored.revision, expected: revision, taskId }
      }
      if (stored.result !== null && !isSame(result, stored.result)) return refusedResult(stored)
      if (status !== stored.status) return refusedStep(stored, status)
      return stored.status === "cancelled" && stored.result === null && result !== null ? refusedEnd(stored) : undefined
    }
    const usedKeys = [...new Set([...stored.usedKeys, ...Object.keys(record.inputRequests ?? {})])]
    const { attempt, leaseExpiresAt, rerunAs, rerunOf, startedAt, waits, worker } = stored
    return {
      next: { ...record, attempt, leaseExpiresAt, rerunAs, rerunOf, startedAt, usedKeys, waits, worker },
      refused: refuse()
    }
  })
}

/**
 * @since 0.1.0
 * @category writes
 */
export const deleteTask = (state: ModelState, call: CallOf<"deleteTask">): Step => {
  const stored = findTask(state, call)
  return stored === undefined
    ? [{ value: false }, state]
    : [{ value: true }, without(withNews(state, stored), [stored])]
}

/**
 * @since 0.1.0
 * @category writes
 */
export const makeTransition = (state: ModelState, call: CallOf<"updateTaskStatus">): Step =>
  call.resultTtl !== undefined && !ended(call.status)
    ? [refusal({ _tag: "InvalidInput", field: "resultTtl" }), state]
    : write(state, call, (stored) => {
      const { status, statusMessage = stored.statusMessage } = call
      const next = { ...stored, status, statusMessage, ttl: endTtl(state, stored, call.resultTtl) }
      const refused = refusedMessage(state, stored, next, call.statusMessage) ?? refusedWorker(stored, call.attempt)
      return { next, refused: refused ?? refusedStep(stored, status) }
    })

/**
 * @since 0.1.0
 * @category writes
 */
export const storeResult = (state: ModelState, call: CallOf<"storeTaskResult">): Step =>
  write(state, call, (stored) => ({
    next: {
      ...stored,
      result: outcomeNamed(call.outcome),
      failure: reported(state, stored, call.failure),
      ttl: endTtl(state, stored, call.resultTtl)
    },
    refused: (call.resultTtl !== undefined && !ended(stored.status)
      ? { _tag: "InvalidInput", field: "resultTtl" }
      : refusedWorker(stored, call.attempt)) ??
      refusedResult(stored) ??
      (stored.status === "cancelled" ? refusedEnd(stored) : undefined)
  }))

/**
 * @since 0.1.0
 * @category writes
 */
export const settleTask = (state: ModelState, call: CallOf<"settleTask">): Step =>
  write(state, call, (stored) => {
    const result = outcomeNamed(call.outcome)
    const { status = result._tag === "Error" ? "failed" : "completed", statusMessage = stored.statusMessage } = call
    const next: ModelTask = {
      ...stored,
      result,
      status,
      statusMessage,
      failure: reported(state, stored, call.failure),
      ttl: endTtl(state, stored, call.resultTtl)
    }
    const refused = refusedMessage(state, stored, next, call.statusMessage) ?? refusedWorker(stored, call.attempt)
    return { next, refused: refused ?? refusedResult(stored) ?? refusedEnd(stored) }
  })

/**
 * @since 0.1.0
 * @category writes
 */
export const touchTask = (state: ModelState, call: CallOf<"touchTask">): Step =>
  write(state, call, (stored) => {
    const { pollInterval = stored.pollInterval, statusMessage = stored.statusMessage } = call
    const ttl = call.ttl === undefined ? stored.ttl : clamped(state, call.ttl)
    const next = { ...stored, ...heldOn(state, stored, call.hold), pollInterval, statusMessage, ttl }
    const refused = refusedMessage(state, stored, next, call.statusMessage) ?? refusedWorker(stored, call.attempt)
    const others = [call.statusMessage, call.ttl, call.pollInterval]
    const isExtended = call.hold !== undefined && "lease" in call.hold && call.hold.lease > 0 &&
      others.every((value) => value === undefined)
    return { next, refused: refused ?? refusedEnd(stored), isExtended }
  })

/**
 * @since 0.2.0
 * @category writes
 */
export const claimTask = (state: ModelState, call: CallOf<"claimTask">): Step => {
  const before = findTask(state, call)
  const [answer, after] = write(state, call, (stored) => ({
    next: { ...stored, ...heldFrom(state, call.hold), attempt: stored.attempt + 1 },
    refused: refusedEnd(stored) ?? refusedClaim(state, stored) ??
      (tasksWait(state) && !hasBegun(stored) ? refusedSeat(state, stored) : undefined)
  }))
  return ["value" in answer ? { value: { abandoned: isAbandoned(before), record: answer.value } } : answer, after]
}

const refusedClaim = (state: ModelState, { leaseExpiresAt, taskId, worker }: ModelTask): Refusal | undefined => {
  if (leaseExpiresAt === untilDeath) {
    return isHolderDead(state, worker) ? undefined : { _tag: "LeaseHeld", taskId, worker }
  }
  return leaseExpiresAt === null || isFreeAt(leaseExpiresAt, state.now)
    ? undefined
    : { _tag: "LeaseHeld", remaining: leaseExpiresAt - state.now, taskId }
}

/**
 * @since 0.2.0
 * @category writes
 */
export const storeStep = (state: ModelState, call: CallOf<"storeTaskStep">): Step => {
  const found = findTask(state, call)
  const isStored = ownValue(found?.steps ?? undefined, call.key) !== undefined
  if (found !== undefined && isStored && (refusedWorker(found, call.attempt) ?? refusedEnd(found)) === undefined) {
    return [shown(found), state]
  }
  return write(state, call, (stored) => {
    const next = { ...stored, steps: { ...stored.steps, [call.key]: call.value } }
    const large = isStored ? undefined : tooLarge(state, next)
    return { next, refused: large ?? refusedWorker(stored, call.attempt) ?? refusedEnd(stored) }
  })
}

/**
 * @since 0.1.0
 * @category writes
 */
export const requireInput = (state: ModelState, call: CallOf<"requireInput">): Step =>
  write(state, call, (stored) => {
    const keys = [...new Set(call.keys)]
    const next: ModelTask = {
      ...stored,
      status: "input_required",
      inputRequests: { ...stored.inputRequests, ...Object.fromEntries(keys.map((key) => [key, "asked"])) },
      ...heldOn(state, stored, call.lease === undefined ? undefined : { lease: call.lease }),
      requestState: call.requestState ?? stored.requestState,
      usedKeys: [...new Set([...stored.usedKeys, ...keys])]
    }
    const reused = keys.find((key) => stored.usedKeys.includes(key))
    const refused = tooLarge(state, next) ?? refusedWorker(stored, call.attempt) ?? refusedEnd(stored)
    return {
      next,
      refused: refused ??
        (reused === undefined ? undefined : { _tag: "InputKeyReused", key: reused, taskId: stored.taskId })
    }
  })

/**
 * @since 0.1.0
 * @category writes
 */
export const provideInput = (state: ModelState, call: CallOf<"provideInput">): Step => {
  const stored = findTask(state, call)
  const asked = Object.entries(stored?.inputRequests ?? {})
  const accepted = [...new Set(call.keys)].filter((key) => asked.some(([name]) => name === key))
  const left = asked.filter(([name]) => !accepted.some((key) => key === name))
  const complete = accepted.length > 0 && left.length === 0
  if (stored !== undefined && accepted.length === 0 && !ended(stored.status)) {
    return [{ value: { complete, record: plainRecord(recordOf(stored)) } }, state]
  }
  const [answer, after] = write(state, call, (task) => {
    const answers = Object.fromEntries(accepted.map((key) => [key, "answer"]))
    const next: ModelTask = {
      ...task,
      status: complete ? "working" : task.status,
      inputRequests: left.length === 0 ? null : Object.fromEntries(left),
      inputResponses: { ...task.inputResponses, ...answers }
    }
    return { next, refused: refusedEnd(task) ?? tooLarge(state, next) }
  })
  return ["value" in answer ? { value: { complete, record: answer.value } } : answer, after]
}
