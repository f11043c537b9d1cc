/** Random commands that are interrupted at random moments, on few connections, held against the reference model. */
import * as Arbitrary from "effect/Arbitrary"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { ContractViolation } from "../../../src/testing/contract/ContractViolation.ts"
import { show } from "../../../src/testing/difference.ts"
import { yieldingDriver } from "../../../src/testing/linearizability/yieldingDriver.ts"
import type { Answer } from "../../../src/testing/model/Answer.ts"
import { type Call, resolve } from "../../../src/testing/model/Call.ts"
import type { CheckOptions } from "../../../src/testing/model/checkModel.ts"
import { Command, creations } from "../../../src/testing/model/Command.ts"
import { describeFailure } from "../../../src/testing/model/describeFailure.ts"
import { performCall, type Subject } from "../../../src/testing/model/performCall.ts"
import * as SuiteClock from "../../../src/testing/SuiteClock.ts"
import { afterCall, afterLook, emptyBeliefs, type Ending, isFollowed, requireBelief } from "./Belief.ts"
import { bounded } from "./bounded.ts"
import type { FaultTarget } from "./FaultTarget.ts"
import { interruptedAfter } from "./interruptedCall.ts"
import { learnReason } from "./learnReason.ts"
import { listing } from "./listing.ts"

/** A command, and after how many milliseconds it is given up, if it is. */
const Step = Schema.Struct({
  command: Command,
  patience: Schema.UndefinedOr(Schema.Literals([0, 0.1, 0.3, 0.6, 1, 2, 4]))
})

type Step = typeof Step.Type

/** So many steps that among those of a few sequences there are calls which are given up, also without others to come. */
const minLength = 10

const sequences: Arbitrary.Arbitrary<ReadonlyArray<Step>> = Arbitrary.all({
  creations: creations(4),
  steps: Arbitrary.array(Arbitrary.schema(Step), { minLength, maxLength: 40 })
}).pipe(Arbitrary.map(({ creations, steps }) => [
  ...creations.map((command) => ({ command, patience: undefined })),
  ...steps.filter(({ command }) => isFollowed(command))
]))

/** Timing does not come again, so that no smaller sequence is looked for. */
const maxShrinks = 0

const size = 800

/** Gives how many calls were really interrupted. A failure tells the sequence and the token that repeats it. */
export const checkInterruptions = <E>(
  target: FaultTarget<E>,
  options: CheckOptions
): Effect.Effect<number, ContractViolation> =>
  Effect.suspend(() => {
    let interrupted = 0
    const check = Arbitrary.checkEffect(
      sequences,
      (steps) =>
        Effect.map(Effect.scoped(runSequence(target, steps)), (count) => {
          interrupted += count
          return true
        }),
      { size, maxShrinks, ...options }
    )
    return Effect.flatMap(check, (result) => {
      const failure = describeFailure(result)
      return failure === undefined
        ? Effect.succeed(interrupted)
        : Effect.fail(new ContractViolation({ case: "interruption", difference: failure }))
    })
  })

const runSequence = <E>(target: FaultTarget<E>, steps: ReadonlyArray<Step>) =>
  Effect.gen(function*() {
    let interrupted = 0
    const clock = yield* SuiteClock.make
    yield* Effect.gen(function*() {
      const store = yield* target.freshStore
      // With turns between the primitives, also an engine that answers at once is interrupted in the middle of a call.
      const driver = yieldingDriver(yield* store.openDriver({ connections: 2 }))
      const storage = yield* TaskStorage.fromDriver(driver, { maintenance: false })
      const subject: Subject = { first: storage, second: storage, clock, list: undefined }
      yield* Effect.forkScoped(noise(storage))

      const trace: Array<string> = []
      let beliefs = emptyBeliefs(clock.currentTimeMillisUnsafe())
      for (const { command, patience } of steps) {
        const call = resolve(beliefs[0].state, command)
        trace.push(`${show(call)}${patience === undefined ? "" : `, interrupted after ${patience} ms`}`)
        const before = subject.list
        const ending = yield* bounded(trace.join("\n"), endingOf(target, call, performCall(subject, call), patience))
        const learned = call._tag === "recoverStuckTasks" ? yield* learnReason(beliefs[0].state, storage) : ""
        const shown: Answer = ending._tag === "Answered" ? ending.answer : { value: "nothing, interrupted" }
        if (ending._tag !== "Answered") {
          interrupted++
          subject.list = before
        }
        beliefs = yield* requireBelief(afterCall(beliefs, call, ending, learned), shown, trace)
        if (beliefs.length > 1 || beliefs[0].underWay.length > 0) {
          const { list } = subject
          const stored = yield* bounded(`listing after\n${trace.join("\n")}`, performCall(subject, listing))
          subject.list = list
          beliefs = yield* requireBelief(afterLook(beliefs, listing, stored), stored, trace)
        }
      }
    }).pipe(Effect.provideService(Clock.Clock, clock))
    return interrupted
  })

const endingOf = <E>(
  target: FaultTarget<E>,
  call: Call,
  answer: Effect.Effect<Answer>,
  patience: number | undefined
): Effect.Effect<Ending> =>
  patience === undefined
    ? Effect.map(answer, (answer) => ({ _tag: "Answered", answer }))
    : Effect.map(interruptedAfter(answer, patience), (exit): Ending => {
      if (Exit.isSuccess(exit)) return { _tag: "Answered", answer: exit.value }
      // A recovery is many writes, and which of them are under way is not followed.
      return target.remote && call._tag !== "recoverStuckTasks"
        ? { _tag: "UnderWay", milliseconds: lateness }
        : { _tag: "Unknown" }
    })

/** For how many milliseconds what was given up may be under way. What is possible multiplies with it. */
const lateness = 400

/**
 * Others who use the connections, and give up now and then. They change nothing. They pause for some calls of the sequence: whoever
 * gives up may cost a connection, and to make one takes longer than most calls.
 */
const noise = (storage: TaskStorageShape): Effect.Effect<never> => {
  const read = Effect.exit(storage.getTask("nobody"))
  const turn = Effect.all([read, realSleep(8), interruptedAfter(read, 0.3), realSleep(12)])
  return Effect.forever(turn)
}
