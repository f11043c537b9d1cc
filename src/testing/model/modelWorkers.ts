/**
 * How the reference model keeps registered workers.
 *
 * @since 0.2.0
 */
import { sorted } from "../PlainRecord.ts"
import { type Answer, fieldOf, refusal } from "./Answer.ts"
import type { Call } from "./Call.ts"
import { abandon } from "./modelHold.ts"
import { byBytes, hasExpired } from "./modelReads.ts"
import { type ModelState, type ModelTask, type ModelWorker, type Step, untilDeath } from "./ModelState.ts"

type CallOf<Tag extends Call["_tag"]> = Extract<Call, { readonly _tag: Tag }>

const put = (state: ModelState, worker: ModelWorker): ModelState => ({
  ...state,
  workers: [...state.workers.filter(({ workerId }) => workerId !== worker.workerId), worker]
})

const findWorker = (state: ModelState, workerId: string): ModelWorker | undefined =>
  state.workers.find((worker) => worker.workerId === workerId)

const shown = ({ diedAt, leaseExpiresAt, pid, registeredAt, workerId }: ModelWorker): PlainWorker =>
  sorted({ diedAt: diedAt ?? undefined, leaseExpiresAt, pid: pid ?? undefined, registeredAt, workerId })

type PlainWorker = ReturnType<typeof sorted>

/**
 * Registers a worker, under the id that the library gave.
 *
 * @since 0.2.0
 * @category writes
 */
export const registerWorker = (state: ModelState, call: CallOf<"registerWorker">, given: Answer): Step => {
  const id = "value" in given ? fieldOf(given.value, "workerId") : undefined
  const workerId = typeof id === "string" && findWorker(state, id) === undefined ? id : "a fresh id"
  const worker: ModelWorker = {
    workerId,
    pid: call.pid ?? null,
    registeredAt: state.now,
    leaseExpiresAt: state.now + call.lease,
    diedAt: null,
    news: [],
    hints: []
  }
  return [{ value: shown(worker) }, { ...put(state, worker), names: { ...state.names, [call.worker]: workerId } }]
}

/**
 * @since 0.2.0
 * @category writes
 */
export const renewWorker = (state: ModelState, call: CallOf<"renewWorker">): Step => {
  const worker = findWorker(state, call.worker)
  if (worker === undefined || worker.diedAt !== null) {
    return [refusal({ _tag: "WorkerLost", workerId: call.worker }), state]
  }
  const renewed = { ...worker, leaseExpiresAt: state.now + call.lease }
  return [{ value: shown(renewed) }, put(state, renewed)]
}

/**
 * Declares one worker dead, if that may be, and tells whether it did.
 *
 * @since 0.2.0
 * @category writes
 */
export const declareDead = (state: ModelState, workerId: string, except: string | undefined): Step => {
  const worker = findWorker(state, workerId)
  const isDying = worker !== undefined && worker.diedAt === null && worker.leaseExpiresAt <= state.now &&
    workerId !== except
  return [{ value: isDying }, isDying ? put(state, { ...worker, diedAt: state.now }) : state]
}

/**
 * @since 0.2.0
 * @category writes
 */
export const declareDeadWorkers = (state: ModelState, call: CallOf<"declareDeadWorkers">): Step => {
  const dead: Array<string> = []
  let next = state
  for (const { workerId } of state.workers) {
    const [answer, after] = declareDead(next, workerId, call.except)
    if ("value" in answer && answer.value === true) dead.push(workerId)
    next = after
  }
  return [{ value: dead.toSorted() }, next]
}

const heldBy = (state: ModelState, workerId: string): ReadonlyArray<ModelTask> =>
  state.tasks.filter((task) => task.leaseExpiresAt === untilDeath && task.worker === workerId)

/** Tasks that have expired are counted or not. */
const isCount = (state: ModelState, held: ReadonlyArray<ModelTask>, count: unknown): boolean =>
  typeof count === "number" && count <= held.length &&
  count >= held.filter((task) => !hasExpired(state, task)).length

/**
 * Ends a worker: it is dead, and what it holds is abandoned.
 *
 * @since 0.2.0
 * @category writes
 */
export const endWorker = (state: ModelState, call: CallOf<"endWorker">, given: Answer): Step => {
  const held = heldBy(state, call.worker)
  const isRight = "value" in given && isCount(state, held, given.value)
  const worker = findWorker(state, call.worker)
  const after = abandon(state, held)
  return [
    isRight ? given : { value: held.length },
    worker === undefined || worker.diedAt !== null ? after : put(after, { ...worker, diedAt: state.now })
  ]
}

/**
 * @since 0.2.0
 * @category reads
 */
export const listWorkers = (state: ModelState, given: Answer): Step => {
  const listed = "value" in given && Array.isArray(given.value) ? given.value : []
  const workers = state.workers
    .toSorted((left, right) => byBytes(left.workerId, right.workerId))
    .map((worker, index) => {
      const held = heldBy(state, worker.workerId)
      const count = fieldOf(listed[index], "tasks")
      return { tasks: isCount(state, held, count) ? count : held.length, worker: shown(worker) }
    })
  return [{ value: workers }, state]
}

/**
 * Gives the news of a worker, and forgets them. What a dead one is told does not matter.
 *
 * @since 0.2.0
 * @category writes
 */
export const takeNews = (state: ModelState, call: CallOf<"takeNews">, given: Answer): Step => {
  const worker = findWorker(state, call.worker)
  if (worker === undefined) return [{ value: [] }, state]
  const taken = "value" in given && Array.isArray(given.value) ? given.value : []
  if (worker.diedAt !== null) return [{ value: taken }, put(state, { ...worker, news: [], hints: [] })]
  const hints = worker.hints.filter((taskId) => taken.includes(taskId))
  const news = [...new Set([...worker.news, ...hints])].toSorted()
  return [{ value: news }, put(state, { ...worker, news: [], hints: [] })]
}

/**
 * Tells whether a worker has news of a task, and forgets it. Another one that asks at the same time may be told as well.
 *
 * @since 0.2.0
 * @category writes
 */
export const takeNewsOf = (state: ModelState, workerId: string, taskId: string, given: Answer): Step => {
  const worker = findWorker(state, workerId)
  if (worker === undefined) return [{ value: false }, state]
  if (worker.diedAt !== null) return ["value" in given ? given : { value: false }, state]
  const isHint = worker.hints.includes(taskId) && "value" in given && given.value === true
  if (!worker.news.includes(taskId)) return [{ value: isHint }, state]
  const news = worker.news.filter((id) => id !== taskId)
  return [{ value: true }, put(state, { ...worker, news, hints: [...new Set([...worker.hints, taskId])] })]
}

/**
 * Leaves news of a task for the worker that holds it. Nobody asks for those of a dead one.
 *
 * @since 0.2.0
 * @category combinators
 */
export const withNews = (state: ModelState, task: ModelTask): ModelState => {
  const worker = holderOf(state, task)
  if (worker === undefined) return state
  return worker.diedAt === null
    ? put(state, { ...worker, news: [...new Set([...worker.news, task.taskId])] })
    : withHint(state, task)
}

/**
 * A worker may have news of a task that it holds.
 *
 * @since 0.2.0
 * @category combinators
 */
export const withHint = (state: ModelState, task: ModelTask): ModelState => {
  const worker = holderOf(state, task)
  return worker === undefined
    ? state
    : put(state, { ...worker, hints: [...new Set([...worker.hints, task.taskId])] })
}

const holderOf = (state: ModelState, { leaseExpiresAt, worker }: ModelTask): ModelWorker | undefined =>
  leaseExpiresAt === untilDeath && worker !== null ? findWorker(state, worker) : undefined
