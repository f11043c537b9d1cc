/**
 * Whether a concurrent history could have been a sequential one.
 *
 * @since 0.1.0
 */
import { isSame } from "../difference.ts"
import type { Answer } from "../model/Answer.ts"
import type { ModelState } from "../model/ModelState.ts"
import { type Part, partStep } from "./parts.ts"

/**
 * A call that was made, with the moments at which it was made and answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface HistoryEvent {
  readonly call: Part
  readonly answer: Answer
  readonly start: number
  readonly end: number
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
      if (event.start > firstAnswered) return false
      const [expected, next] = partStep(state, event.call, event.answer)
      return isSame(event.answer, expected) && search(next, left.filter((other) => other !== event))
    })
    if (!found) hopeless.add(key)
    return found
  }
  return search(initial, history)
}
