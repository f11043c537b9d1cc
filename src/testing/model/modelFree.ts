/**
 * How the reference model finds and claims free tasks.
 *
 * @since 0.2.0
 */
import type { Answer } from "./Answer.ts"
import type { Call } from "./Call.ts"
import { actorSession, type Wanted } from "./Command.ts"
import { heldFrom, isAbandoned, isFreeAt, releaseDead } from "./modelHold.ts"
import { isPaused } from "./modelPauses.ts"
import { byBytes, findTask, showTask, visible } from "./modelReads.ts"
import { hasBegun, refusedSeat, tasksWait } from "./modelSeats.ts"
import type { ModelState, ModelTask, Step } from "./ModelState.ts"

type CallOf<Tag extends Call["_tag"]> = Extract<Call, { readonly _tag: Tag }>

/** Tells whether a task is free, and of a kind that is wanted and not paused. */
const isWanted = (state: ModelState, { kinds, leases }: Wanted, task: ModelTask): boolean =>
  task.status === "working" && !isPaused(state, task) &&
  isFreeAt(task.leaseExpiresAt, leases === "released" ? 0 : state.now) &&
  (kinds === undefined || kinds === "of any name" || (kinds === "nameless" && task.name === null) ||
    (kinds === "named" && task.name !== null))

/** Which of the free tasks: all of them, or where tasks wait for seats, those that have one, or that want one. */
type Part = "all" | "seated" | "fresh"

const partsOf = (state: ModelState): ReadonlyArray<Part> => tasksWait(state) ? ["seated", "fresh"] : ["all"]

/** The tasks that are given, and how many of each session run then. */
class Given {
  readonly tasks: Array<ModelTask> = []
  readonly #state: ModelState
  readonly #wanted: Wanted
  readonly #counts: Map<string | null, number>

  constructor(state: ModelState, wanted: Wanted) {
    this.#state = state
    this.#wanted = wanted
    this.#counts = new Map([[actorSession, wanted.runs ?? 0]])
  }

  /** Gives a task, if there is room for it, and a seat. */
  add(task: ModelTask): void {
    const { limit = 50, perSession = Infinity } = this.#wanted
    const count = this.#counts.get(task.sessionId) ?? 0
    if (this.tasks.length >= limit || (task.sessionId !== null && count >= perSession)) return
    if (tasksWait(this.#state) && !hasBegun(task) && !this.#hasSeatFor(task)) return
    this.#counts.set(task.sessionId, count + 1)
    this.tasks.push(task)
  }

  /** Those that were given have seats already. */
  #hasSeatFor(task: ModelTask): boolean {
    const tasks = this.#state.tasks.map((other) => this.tasks.includes(other) ? { ...other, attempt: 1 } : other)
    return refusedSeat(this.#state, task, tasks) === undefined
  }
}

/**
 * Gives the free tasks that are wanted, in turns: in the first round one of each kind and session, and then the others. In each round
 * the sessions behind one have their turn first, of all kinds. With as few tasks as there are in the model, that is all. Where tasks
 * wait for seats, those that have one come first.
 */
const inTurns = (state: ModelState, wanted: Wanted): ReadonlyArray<ModelTask> => {
  const given = new Given(state, wanted)
  for (const part of partsOf(state)) {
    const free = freeTasks(state, wanted).filter((task) => part === "all" || hasBegun(task) === (part === "seated"))
    const isSameTurn = (left: ModelTask, right: ModelTask) =>
      left.name === right.name && left.sessionId === right.sessionId
    const firsts = free.filter((task) => free.find((other) => isSameTurn(task, other)) === task)
    for (const task of firsts) given.add(task)
    for (const task of free) if (!firsts.includes(task)) given.add(task)
  }
  return given.tasks
}

const freeTasks = (state: ModelState, wanted: Wanted): ReadonlyArray<ModelTask> => {
  const { behindSession, except } = wanted
  const isBehind = ({ sessionId }: ModelTask) =>
    behindSession !== undefined && sessionId !== null && byBytes(sessionId, behindSession ?? "") > 0
  return visible(state, undefined)
    .filter((task) => isWanted(state, wanted, task) && (task.sessionId === null || task.sessionId !== except))
    .toSorted((left, right) =>
      Number(isBehind(right)) - Number(isBehind(left)) ||
      byBytes(left.name ?? "", right.name ?? "") ||
      byBytes(left.sessionId ?? "", right.sessionId ?? "") ||
      (left.leaseExpiresAt ?? 0) - (right.leaseExpiresAt ?? 0) ||
      byBytes(left.taskId, right.taskId)
    )
}

/**
 * Lists free tasks. Where tasks wait for seats, a list may name more of them than there are seats, for it takes none.
 *
 * @since 0.2.0
 * @category reads
 */
export const listClaimable = (before: ModelState, call: CallOf<"claimableTasks">, given: Answer): Step => {
  const state = releaseDead(before)
  const ids = inTurns(state, call.wanted).map(({ taskId }) => taskId)
  const isGiven = tasksWait(state) && "value" in given && isFairList(state, call.wanted, given.value, ids)
  return [isGiven ? given : { value: ids }, state]
}

/** Tells whether a list begins as a claim would, names no fewer tasks, and each of them might be the next one. */
const isFairList = (state: ModelState, wanted: Wanted, listed: unknown, claimed: ReadonlyArray<string>): boolean => {
  if (!Array.isArray(listed) || new Set(listed).size < listed.length || listed.length < claimed.length) return false
  const { limit = 50, perSession = Infinity, runs = 0 } = wanted
  const next = freeTasks(state, wanted).filter((task) => hasBegun(task) || refusedSeat(state, task) === undefined)
  const tasks = listed.flatMap((id) => next.filter(({ taskId }) => taskId === id))
  const countOf = (session: string | null) =>
    tasks.filter(({ sessionId }) => sessionId === session).length + (session === actorSession ? runs : 0)
  return tasks.length === listed.length && tasks.length <= limit && listed[0] === claimed[0] &&
    tasks.every(({ sessionId }) => sessionId === null || countOf(sessionId) <= perSession) &&
    !tasks.some((task, index) => hasBegun(task) && tasks.slice(0, index).some((other) => !hasBegun(other)))
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
  if (tasksWait(state) && !hasBegun(task) && refusedSeat(state, task) !== undefined) {
    return [{ value: "there is no seat for it" }, state]
  }
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
