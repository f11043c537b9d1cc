/**
 * How the reference model finds and claims free tasks.
 *
 * @since 0.2.0
 */
import type { Call } from "./Call.ts"
import { actorSession, type Wanted } from "./Command.ts"
import { heldFrom, isAbandoned, isFreeAt, releaseDead } from "./modelHold.ts"
import { isPaused } from "./modelPauses.ts"
import { byBytes, findTask, showTask, visible } from "./modelReads.ts"
import type { ModelState, ModelTask, Step } from "./ModelState.ts"

type CallOf<Tag extends Call["_tag"]> = Extract<Call, { readonly _tag: Tag }>

/** Tells whether a task is free, and of a kind that is wanted and not paused. */
const isWanted = (state: ModelState, { kinds, leases }: Wanted, task: ModelTask): boolean =>
  task.status === "working" && !isPaused(state, task) &&
  isFreeAt(task.leaseExpiresAt, leases === "released" ? 0 : state.now) &&
  (kinds === undefined || kinds === "of any name" || (kinds === "nameless" && task.name === null) ||
    (kinds === "named" && task.name !== null))

/**
 * Gives the free tasks that are wanted, in turns: in the first round one of each kind and session, and then the others. In each round
 * the sessions behind one have their turn first, of all kinds. With as few tasks as there are in the model, that is all.
 */
const inTurns = (state: ModelState, wanted: Wanted): ReadonlyArray<ModelTask> => {
  const { behindSession, except, limit = 50, perSession = Infinity, runs = 0 } = wanted
  const isBehind = ({ sessionId }: ModelTask) =>
    behindSession !== undefined && sessionId !== null && byBytes(sessionId, behindSession ?? "") > 0
  const free = visible(state, undefined)
    .filter((task) => isWanted(state, wanted, task) && (task.sessionId === null || task.sessionId !== except))
    .toSorted((left, right) =>
      Number(isBehind(right)) - Number(isBehind(left)) ||
      byBytes(left.name ?? "", right.name ?? "") ||
      byBytes(left.sessionId ?? "", right.sessionId ?? "") ||
      (left.leaseExpiresAt ?? 0) - (right.leaseExpiresAt ?? 0) ||
      byBytes(left.taskId, right.taskId)
    )
  const counts = new Map<string | null, number>([[actorSession, runs]])
  const given: Array<ModelTask> = []
  const give = (task: ModelTask) => {
    const count = counts.get(task.sessionId) ?? 0
    if (given.length >= limit || (task.sessionId !== null && count >= perSession)) return
    counts.set(task.sessionId, count + 1)
    given.push(task)
  }
  const isSameTurn = (left: ModelTask, right: ModelTask) =>
    left.name === right.name && left.sessionId === right.sessionId
  const firsts = free.filter((task) => free.find((other) => isSameTurn(task, other)) === task)
  for (const task of firsts) give(task)
  for (const task of free) if (!firsts.includes(task)) give(task)
  return given
}

/**
 * Lists free tasks.
 *
 * @since 0.2.0
 * @category reads
 */
export const listClaimable = (before: ModelState, call: CallOf<"claimableTasks">): Step => {
  const state = releaseDead(before)
  return [{ value: inTurns(state, call.wanted).map(({ taskId }) => taskId) }, state]
}

/**
 * Claims free tasks.
 *
 * @since 0.2.0
 * @category writes
 */
export const claimTasks = (before: ModelState, call: CallOf<"claimTasks">): Step => {
  const claimed: Array<unknown> = []
  let state = releaseDead(before)
  for (const task of inTurns(state, call.wanted)) {
    const [value, next] = take(state, task, call)
    claimed.push(value)
    state = next
  }
  return [{ value: claimed }, state]
}

/**
 * Claims one task among others, if it is wanted.
 *
 * @since 0.2.0
 * @category writes
 */
export const takeTask = (state: ModelState, call: CallOf<"claimTasks">, taskId: string): Step => {
  const task = findTask(state, { actor: { handle: call.actor.handle }, taskId })
  if (task === undefined || !isWanted(state, call.wanted, task)) return [{ value: "it is not free" }, state]
  const [value, next] = take(state, task, call)
  return [{ value }, next]
}

const take = (state: ModelState, task: ModelTask, { hold }: CallOf<"claimTasks">): readonly [unknown, ModelState] => {
  const claimed = {
    ...task,
    ...heldFrom(state, hold),
    attempt: task.attempt + 1,
    lastUpdatedAt: state.now,
    revision: task.revision + 1
  }
  return [
    { abandoned: isAbandoned(task), record: showTask(claimed, false) },
    { ...state, tasks: state.tasks.map((other) => other === task ? claimed : other) }
  ]
}
