/** A caller who makes random calls on one task and one queue of its own, and holds each answer against the model. */
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { show } from "../../../src/testing/difference.ts"
import type { Answer } from "../../../src/testing/model/Answer.ts"
import { type Call, resolve } from "../../../src/testing/model/Call.ts"
import { AtomicCommand } from "../../../src/testing/model/Command.ts"
import { performCall, type Subject } from "../../../src/testing/model/performCall.ts"
import { afterCall, type Beliefs, emptyBeliefs, type Ending, isRead, requireBelief } from "./Belief.ts"
import { bounded } from "./bounded.ts"

/** What belongs to one worker alone, as the commands name it. */
export const properties = [
  { taskId: "a", queue: "a" },
  { taskId: "\ue000", queue: "q" },
  { taskId: "\u{10000}", queue: undefined }
] as const

export type Property = (typeof properties)[number]

/** How often each kind of answer was given. */
export interface Tally {
  answered: number
  /** Unavailable, and nothing has happened. */
  nothing: number
  /** Unavailable, and nobody knows. */
  unknown: number
}

/** Milliseconds after a failure. */
const pause = 50

/** For how many milliseconds what was sent may be under way: an engine that has just started takes its time. */
const lateness = 5_000

const trailLength = 25

const isOf = (property: Property, command: AtomicCommand): boolean =>
  "taskId" in command
    ? command.taskId === property.taskId
    : "queue" in command && command.queue === property.queue

/** Works until it is over. Gives what may be stored then, and how it got there. */
export const modelWorker = Effect.fnUntraced(function*(worker: {
  readonly subject: Subject
  readonly property: Property
  readonly seed: number
  readonly tally: Tally
  readonly isOver: () => boolean
  /** Done behind each answer. */
  readonly rest: Effect.Effect<void>
}) {
  const { property, subject, tally } = worker
  const sampled = yield* Arbitrary.sampleEffect(Arbitrary.schema(AtomicCommand), { count: 3000, seed: worker.seed })
  const commands = sampled.filter((command) => isOf(property, command))
  const trail: Array<string> = []
  let beliefs: Beliefs = emptyBeliefs(subject.clock.currentTimeMillisUnsafe())
  for (let turn = 0; !worker.isOver(); turn++) {
    const command = commands[turn % commands.length]
    if (command === undefined) break
    const call = resolve(beliefs[0].state, command)
    trail.push(show(call))
    const answer = yield* bounded(trail.join("\n"), performCall(subject, call))
    const ending = endingOf(call, answer)
    trail.push(`  gave ${show(answer)}`)
    trail.splice(0, trail.length - trailLength)
    beliefs = yield* requireBelief(afterCall(beliefs, call, ending), answer, trail)
    tally[ending._tag === "Answered" ? "answered" : ending._tag === "Nothing" ? "nothing" : "unknown"]++
    yield* ending._tag === "Answered" ? worker.rest : realSleep(pause)
  }
  return { beliefs, trail }
})

/** A read that failed has changed nothing, and may not say that it might have. */
const endingOf = (call: Call, answer: Answer): Ending => {
  if (!("error" in answer) || answer.error["_tag"] !== "TaskStorageUnavailable") return { _tag: "Answered", answer }
  if (answer.error["applied"] === "no") return { _tag: "Nothing" }
  return isRead(call) ? { _tag: "Answered", answer } : { _tag: "UnderWay", milliseconds: lateness }
}
