/** What may be stored, as far as somebody knows who was not told of every call whether it happened. */
import * as Effect from "effect/Effect"
import { asText, type Sizing } from "../../../src/domain/task/StoredTask.ts"
import { isSame, show } from "../../../src/testing/difference.ts"
import type { Answer } from "../../../src/testing/model/Answer.ts"
import type { Call } from "../../../src/testing/model/Call.ts"
import type { Command } from "../../../src/testing/model/Command.ts"
import { Divergence } from "../../../src/testing/model/describeFailure.ts"
import type { ModelOptions, ModelState } from "../../../src/testing/model/ModelState.ts"
import { emptyModel, modelStep } from "../../../src/testing/model/modelStep.ts"

/** A call that may happen yet. */
interface Arriving {
  readonly call: Call
  /** The time at which it was sent, which it has taken with it. */
  readonly now: number
  /** It has happened by this real time, or never will: in milliseconds, as of `performance`. */
  readonly until: number
}

/** A state that is possible, if these calls are still under way. */
export interface Belief {
  readonly state: ModelState
  readonly underWay: ReadonlyArray<Arriving>
}

/** A belief and perhaps others. */
export type Beliefs = readonly [Belief, ...ReadonlyArray<Belief>]

/** What is known of the end of a call. */
export type Ending =
  | { readonly _tag: "Answered"; readonly answer: Answer }
  /** It failed, and nothing of it has happened. */
  | { readonly _tag: "Nothing" }
  /** It failed, and has happened or not, but whole. */
  | { readonly _tag: "Unknown" }
  /** It failed, and may happen yet, for so many real milliseconds. */
  | { readonly _tag: "UnderWay"; readonly milliseconds: number }

export const emptyBeliefs = (now: number, options: ModelOptions = {}, payloadBytes: Sizing = asText): Beliefs => [
  { state: emptyModel(now, options, payloadBytes), underWay: [] }
]

/** Fails when nothing explains the answer that was given last; `trace` tells what led to it. */
export const requireBelief = (
  beliefs: ReadonlyArray<Belief>,
  answer: Answer,
  trace: ReadonlyArray<string>
): Effect.Effect<Beliefs, Divergence> => {
  const [first, ...others] = beliefs
  return first === undefined
    ? Effect.fail(new Divergence({ difference: `nothing explains ${show(answer)}`, steps: trace.join("\n") }))
    : Effect.succeed([first, ...others])
}

/** What a call answers of which nobody hears. */
const unheard: Answer = { value: undefined }

/** So many calls are under way at a time that the ones before them have happened, or never will. */
const mostUnderWay = 4

/**
 * Gives what is possible after a call. Nothing is, when no belief explains its answer. `learned` is the reason under
 * which a recovery failed tasks.
 */
export const afterCall = (
  beliefs: ReadonlyArray<Belief>,
  call: Call,
  ending: Ending,
  learned = ""
): ReadonlyArray<Belief> =>
  distinct(
    beliefs.flatMap(arrivals).flatMap((belief): ReadonlyArray<Belief> => {
      const { state, underWay } = belief
      const [expected, after] = modelStep(state, call, ending._tag === "Answered" ? ending.answer : unheard, learned)
      switch (ending._tag) {
        case "Answered":
          return isSame(ending.answer, expected) ? [{ state: after, underWay }] : []
        case "Nothing":
          return [belief]
        case "Unknown": {
          // What is read next is not moved by a list that was not seen.
          const happened = { ...after, cursor: state.cursor }
          return outcomes(call, state, happened).map((state) => ({ state, underWay }))
        }
        case "UnderWay":
          if (isRead(call)) return [belief]
          return [{
            state,
            underWay: [...underWay, { call, now: state.now, until: performance.now() + ending.milliseconds }]
              .slice(-mostUnderWay)
          }]
      }
    })
  )

/** Gives what is possible of the beliefs, now that a call which changes nothing gave this answer. */
export const afterLook = (
  beliefs: ReadonlyArray<Belief>,
  look: Call,
  answer: Answer
): ReadonlyArray<Belief> =>
  distinct(
    beliefs.flatMap(arrivals).filter(({ state }) => isSame(answer, modelStep(state, look, answer)[0]))
  )

const reads: ReadonlyArray<Call["_tag"]> = ["getTask", "getTaskSummary", "getTaskResult", "taskCount", "list", "next"]

/** Tells whether a call changes nothing that is stored. */
export const isRead = (call: Call): boolean => reads.includes(call._tag)

/**
 * A belief, and what it becomes when calls that are under way happen in any order. One whose time is over by now may have
 * happened since the last answer, and happens no more.
 */
const arrivals = (belief: Belief): ReadonlyArray<Belief> => {
  const now = performance.now()
  return arrivalsOf(belief).map(({ state, underWay }) => ({
    state,
    underWay: underWay.filter(({ until }) => now < until)
  }))
}

const arrivalsOf = (belief: Belief): ReadonlyArray<Belief> => [
  belief,
  ...belief.underWay.flatMap((arriving) => {
    const { cursor, now } = belief.state
    const [, arrived] = modelStep({ ...belief.state, now: arriving.now }, arriving.call, unheard)
    return arrivalsOf({
      state: { ...arrived, cursor, now },
      underWay: belief.underWay.filter((other) => other !== arriving)
    })
  })
]

/**
 * Tells whether a command can be followed. The id of a worker goes with a lost answer, and so does what was claimed together.
 */
export const isFollowed = ({ _tag }: Command): boolean => _tag !== "registerWorker" && _tag !== "claimTasks"

/** A call happens whole or not at all; a recovery is one such write for each task. */
const outcomes = (call: Call, before: ModelState, after: ModelState): ReadonlyArray<ModelState> =>
  call._tag === "recoverStuckTasks"
    ? choices(before.tasks, after.tasks).map((tasks) => ({ ...before, tasks }))
    : [before, after]

const choices = <A>(left: ReadonlyArray<A>, right: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  left.reduce<ReadonlyArray<ReadonlyArray<A>>>(
    (lists, item, index) => {
      const other = right[index] ?? item
      return lists.flatMap((list) => item === other ? [[...list, item]] : [[...list, item], [...list, other]])
    },
    [[]]
  )

const distinct = (beliefs: ReadonlyArray<Belief>): ReadonlyArray<Belief> =>
  beliefs.length < 2 ? beliefs : [...new Map(beliefs.map((belief) => [JSON.stringify(belief), belief])).values()]
