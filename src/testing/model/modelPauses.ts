/**
 * How the reference model pauses kinds of tasks.
 *
 * @since 0.2.0
 */
import { newsOfPauses } from "../../domain/driver/KindDriver.ts"
import type { Call } from "./Call.ts"
import { byBytes } from "./modelReads.ts"
import type { ModelState, ModelTask, Step } from "./ModelState.ts"

type CallOf<Tag extends Call["_tag"]> = Extract<Call, { readonly _tag: Tag }>

/**
 * Pauses a kind, unless it is paused.
 *
 * @since 0.2.0
 * @category writes
 */
export const pauseTasks = (state: ModelState, { kind }: CallOf<"pauseTasks">): Step => {
  const isPaused = state.pauses.some((pause) => pause.kind === kind)
  const pauses = isPaused ? state.pauses : [...state.pauses, { kind, pausedAt: state.now }]
  return [{ value: undefined }, { ...withNewsOfPauses(state), pauses }]
}

/**
 * Resumes a kind.
 *
 * @since 0.2.0
 * @category writes
 */
export const resumeTasks = (state: ModelState, { kind }: CallOf<"resumeTasks">): Step => {
  const pauses = state.pauses.filter((pause) => pause.kind !== kind)
  return [{ value: pauses.length < state.pauses.length }, { ...withNewsOfPauses(state), pauses }]
}

/**
 * Lists the kinds that are paused.
 *
 * @since 0.2.0
 * @category reads
 */
export const listPaused = (state: ModelState): Step => {
  const order = ["of any name", "nameless", "named"]
  const paused = state.pauses.map(({ kind, pausedAt }) => `${order.indexOf(kind)} ${kind} ${pausedAt}`)
  return [{ value: paused.toSorted(byBytes) }, state]
}

/**
 * Tells whether the kind of a task is paused.
 *
 * @since 0.2.0
 * @category guards
 */
export const isPaused = ({ pauses }: ModelState, { name }: ModelTask): boolean =>
  pauses.some(({ kind }) => kind === "of any name" || (kind === "nameless") === (name === null))

const withNewsOfPauses = (state: ModelState): ModelState => ({
  ...state,
  workers: state.workers.map((worker) =>
    worker.diedAt === null ? { ...worker, news: [...new Set([...worker.news, newsOfPauses])] } : worker
  )
})
