/**
 * The history of calls, step by step.
 *
 * @since 0.2.0
 */
import type { Answer } from "../model/Answer.ts"
import type { Call } from "../model/Call.ts"
import type { ModelState } from "../model/ModelState.ts"
import type { HistoryEvent } from "./isExplained.ts"
import { partsOf } from "./parts.ts"

/**
 * A call, what it answered, and when it was made and answered.
 *
 * @since 0.2.0
 * @category models
 */
export interface MadeCall extends Pick<HistoryEvent, "start" | "end"> {
  readonly call: Call
  readonly answer: Answer
}

/**
 * Gives the events of calls, each step of one that is not atomic for itself.
 *
 * @since 0.2.0
 * @category converting
 */
export const historyOf = (initial: ModelState, calls: ReadonlyArray<MadeCall>): ReadonlyArray<HistoryEvent> =>
  calls.flatMap(({ answer, call, end, start }) => {
    const events: Array<HistoryEvent> = []
    for (const [index, part] of partsOf(initial, call, answer).entries()) {
      const before = events.at(-1)
      const follows = before?.isOptional === true ? before : undefined
      events.push({ ...part, end, start: start + index / 100, follows })
    }
    return events
  })
