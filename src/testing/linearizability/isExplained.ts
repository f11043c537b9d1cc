/**
 * Whether a concurrent history could have been a sequential one.
 *
 * @since 0.1.0
 */
import { isSame } from "../difference.ts"
import type { ModelState } from "../model/ModelState.ts"
import { type AnsweredPart, partStep } from "./parts.ts"

/**
 * A call that was made, with the moments at which it was made and answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface HistoryEvent extends AnsweredPart {
  readonly start: number
  readonly end: number
  /** If this is still to come, the call is not the next one. */
  readonly follows?: HistoryEvent | undefined
}

/**
 * Tells whether some order of the calls explains every answer by the reference model. In that order no call comes before one
 * that was answered before it was made. The search is that of Wing and Gong: it tries every call that may be the next one,
 * and never tries a dead end again.
 *
 * @since 0.1.0
 * @category checks
 */
export const isExplained = (initial: ModelState, history: ReadonlyArray<HistoryEvent>): boolean => {
  const hopeless = new Set<string>()
  const search = (state: ModelState, left: ReadonlyArray<HistoryEvent>): boolean => {
    if (left.length === 0) return true
    const key = JSON.stringify([left.map(({ start }) => start), state.tasks, state.messages, state.workers])
    if (hopeless.has(key)) return false
    const firstAnswered = Math.min(...left.map(({ end }) => end))
    const found = left.some((event) => {
      if (event.start > firstAnswered || (event.follows !== undefined && left.includes(event.follows))) return false
      const others = left.filter((other) => other !== event)
      const [expected, next] = partStep(state, event.call, event.answer)
      return (isSame(event.answer, expected) && search(next, others)) ||
        (event.isOptional === true && search(state, others))
    })
    if (!found) hopeless.add(key)
    return found
  }
  return search(initial, history)
}
