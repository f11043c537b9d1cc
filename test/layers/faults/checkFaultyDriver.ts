/** Random commands through a driver that fails at random steps, held against what the reference model allows. */
import * as Arbitrary from "effect/Arbitrary"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import type { InvalidInput } from "../../../src/domain/task/TaskError.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { ContractViolation } from "../../../src/testing/contract/ContractViolation.ts"
import { show } from "../../../src/testing/difference.ts"
import type { Answer } from "../../../src/testing/model/Answer.ts"
import { type Call, resolve } from "../../../src/testing/model/Call.ts"
import type { CheckOptions } from "../../../src/testing/model/checkModel.ts"
import {
  Command,
  creations,
  type Options,
  options as arbitraryOptions,
  sequenceSize
} from "../../../src/testing/model/Command.ts"
import { describeFailure } from "../../../src/testing/model/describeFailure.ts"
import { performCall, type Subject } from "../../../src/testing/model/performCall.ts"
import { storageOptions } from "../../../src/testing/model/storageOptions.ts"
import type { DriverPair } from "../../../src/testing/StorageHarness.ts"
import * as SuiteClock from "../../../src/testing/SuiteClock.ts"
import { afterCall, afterLook, emptyBeliefs, type Ending, isFollowed, requireBelief } from "./Belief.ts"
import { Fault, FaultPlan, faultyDriver } from "./faultyDriver.ts"
import { learnReason } from "./learnReason.ts"
import { listing } from "./listing.ts"

const FaultyStep = Schema.Struct({ command: Command, fault: Schema.UndefinedOr(Fault) })

type FaultyStep = typeof FaultyStep.Type

interface FaultySequence {
  readonly steps: ReadonlyArray<FaultyStep>
  readonly options: Options
}

const sequences: Arbitrary.Arbitrary<FaultySequence> = Arbitrary.all({
  creations: creations(4),
  steps: Arbitrary.array(Arbitrary.schema(FaultyStep), { maxLength: 40 }),
  options: arbitraryOptions
}).pipe(Arbitrary.map(({ creations, options, steps }) => ({
  options,
  steps: [
    ...creations.map((command) => ({ command, fault: undefined })),
    ...steps.filter(({ command }) => isFollowed(command))
  ]
})))

const maxShrinks = 1_000

/** What stands over the driver that fails. */
type Over = (driver: TaskDriver) => Effect.Effect<TaskDriver, InvalidInput | TaskDriverError>

/** A failure tells the shortest sequence that was found to show it, and the token that repeats it. */
export const checkFaultyDriver = <E>(
  makeDrivers: Effect.Effect<DriverPair, E, Scope.Scope>,
  options: CheckOptions,
  over: Over = Effect.succeed
): Effect.Effect<void, ContractViolation> =>
  Arbitrary.checkEffect(
    sequences,
    (sequence) => Effect.as(Effect.scoped(runSequence(makeDrivers, sequence, over)), true),
    { size: sequenceSize, maxShrinks, ...options }
  ).pipe(
    Effect.flatMap((result) => {
      const failure = describeFailure(result)
      return failure === undefined
        ? Effect.void
        : Effect.fail(new ContractViolation({ case: "faults of the driver", difference: failure }))
    })
  )

const runSequence = <E>(
  makeDrivers: Effect.Effect<DriverPair, E, Scope.Scope>,
  { options, steps }: FaultySequence,
  over: Over
) =>
  Effect.gen(function*() {
    const clock = yield* SuiteClock.make
    yield* Effect.gen(function*() {
      const plan = new FaultPlan()
      const drivers = yield* makeDrivers
      const [first, second] = [yield* over(faultyDriver(drivers.first, plan)), yield* over(drivers.second)]
      const faulty = yield* TaskStorage.fromDriver(first, storageOptions(options, first.payloadBytes))
      const good = yield* TaskStorage.fromDriver(second, storageOptions(options, second.payloadBytes))
      const subject: Subject = { first: faulty, second: faulty, clock, list: undefined }
      const onlooker: Subject = { first: good, second: good, clock, list: undefined }

      const trace = [`options ${show(options)}`]
      let beliefs = emptyBeliefs(clock.currentTimeMillisUnsafe(), options, first.payloadBytes)
      for (const { command, fault } of steps) {
        const call = resolve(beliefs[0].state, command)
        plan.arm(fault)
        const answer = yield* performCall(subject, call)
        const { met } = plan
        trace.push(`${show(call)}${met === undefined ? "" : `, which ${met} at ${fault?.at}`}`)
        const learned = call._tag === "recoverStuckTasks" ? yield* learnReason(beliefs[0].state, good) : ""
        beliefs = yield* requireBelief(afterCall(beliefs, call, endingOf(call, answer, met), learned), answer, trace)
        if (met !== undefined || beliefs.length > 1) {
          const stored = yield* performCall(onlooker, listing)
          beliefs = yield* requireBelief(afterLook(beliefs, listing, stored), stored, trace)
        }
      }
      const stored = yield* performCall(onlooker, listing)
      yield* requireBelief(afterLook(beliefs, listing, stored), stored, trace)
    }).pipe(Effect.provideService(Clock.Clock, clock))
  })

/** What the answer to a call is worth, given what went wrong. An answer that hides a fault is held against the model. */
const endingOf = (call: Call, answer: Answer, met: Fault["kind"] | undefined): Ending => {
  const answered: Ending = { _tag: "Answered", answer }
  if (!("error" in answer)) return answered
  const { error } = answer
  switch (met) {
    case undefined:
    case "is slow":
      return answered
    case "fails before":
    case "fails after":
      if (error["_tag"] !== "TaskStorageUnavailable") return answered
      return { _tag: error["applied"] === "no" ? "Nothing" : "Unknown" }
    case "dies before":
    case "is interrupted before":
      // A recovery may have written other tasks before the one at which it ended, whatever became of that one.
      return "cause" in error ? { _tag: call._tag === "recoverStuckTasks" ? "Unknown" : "Nothing" } : answered
    case "dies after":
    case "is interrupted after":
      return "cause" in error ? { _tag: "Unknown" } : answered
  }
}
