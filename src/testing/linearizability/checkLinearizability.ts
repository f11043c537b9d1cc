/**
 * Random commands made at the same time through both handles, held against every order that could explain them.
 *
 * @since 0.1.0
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { ContractViolation } from "../contract/ContractViolation.ts"
import { show } from "../difference.ts"
import { type Call, resolve } from "../model/Call.ts"
import type { CheckOptions } from "../model/checkModel.ts"
import {
  AtomicCommand,
  type Command,
  creations,
  heldOrFree,
  messages,
  type Options,
  options as arbitraryOptions,
  passages,
  queues,
  registrations
} from "../model/Command.ts"
import { describeFailure, Divergence } from "../model/describeFailure.ts"
import { emptyModel, modelStep } from "../model/modelStep.ts"
import { openModelled } from "../model/openModelled.ts"
import { isShown, performCall, type Subject } from "../model/performCall.ts"
import type { StorageHarness } from "../StorageHarness.ts"
import * as SuiteClock from "../SuiteClock.ts"
import { historyOf } from "./historyOf.ts"
import { isExplained } from "./isExplained.ts"

interface Race {
  readonly options: Options
  /** Made one after the other, before the race. */
  readonly setup: ReadonlyArray<Command>
  /** Made at the same time, each list in its order. */
  readonly fibers: ReadonlyArray<ReadonlyArray<AtomicCommand>>
  /** Decides who gives way to whom. */
  readonly seed: number
}

const fibersOf = (command: Arbitrary.Arbitrary<AtomicCommand>) =>
  Arbitrary.array(Arbitrary.array(command, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 4 })

const anyCommand = Arbitrary.schema(AtomicCommand)

const ofAnyKind = fibersOf(anyCommand)

/** Each kind of commands for itself. */
const ofKind: ReadonlyArray<Arbitrary.Arbitrary<AtomicCommand>> = AtomicCommand.members.map((kind) =>
  Arbitrary.schema(kind)
)

/** One to three kinds. In a race of so few, commands that have to meet for a mistake to show do so much more often. */
const fewKinds = Arbitrary.array(Arbitrary.schema(Schema.Literals(ofKind.map((_, index) => index))), {
  minLength: 1,
  maxLength: 3
})

/** One of so many that one, two and three divide them. */
const place = Arbitrary.schema(Schema.Literals([0, 1, 2, 3, 4, 5]))

const ofPlace = (few: ReadonlyArray<number>, at: number) => ofKind[few[at % few.length] ?? 0] ?? anyCommand

const races: Arbitrary.Arbitrary<Race> = Arbitrary.all({
  options: arbitraryOptions,
  setup: Arbitrary.all([registrations(2), heldOrFree(2), creations(3), messages(2), passages]).pipe(
    Arbitrary.map((parts) => parts.flat())
  ),
  fibers: Arbitrary.flatMap(
    Arbitrary.all({ oneInFour: Arbitrary.schema(Schema.Literals([0, 1, 2, 3])), few: fewKinds }),
    ({ few, oneInFour }) => oneInFour === 0 ? fibersOf(Arbitrary.flatMap(place, (at) => ofPlace(few, at))) : ofAnyKind
  ),
  seed: Arbitrary.schema(Schema.Int)
})

/** Enough to find the few commands that matter among many. */
const maxShrinks = 3_000

/** The size at which races get as big as they may. */
const raceSize = 400

/**
 * Races random commands and looks for an order that explains their answers. A failure tells the smallest race that was
 * found to have none.
 *
 * @since 0.1.0
 * @category running
 */
export const checkLinearizability = <E>(
  harness: StorageHarness<E>,
  options: CheckOptions = {}
): Effect.Effect<void, ContractViolation> =>
  Arbitrary.checkEffect(
    races,
    (race) => Effect.as(Effect.scoped(runRace(harness, race)), true),
    { runs: 1000, size: raceSize, maxShrinks, ...options }
  ).pipe(
    Effect.flatMap((result) => {
      const failure = describeFailure(result)
      return failure === undefined
        ? Effect.void
        : Effect.fail(new ContractViolation({ case: "linearizability", difference: failure }))
    })
  )

const runRace = <E>(harness: StorageHarness<E>, race: Race) =>
  Effect.gen(function*() {
    const clock = yield* SuiteClock.make
    yield* Effect.gen(function*() {
      const open = harness.openRacing ?? harness.open
      const { options, pair } = yield* openModelled(open, race.options, harness.payloadBytes)
      const subject: Subject = { ...pair, clock, list: undefined }
      const empty = emptyModel(clock.currentTimeMillisUnsafe(), options, harness.payloadBytes)
      const before: Array<Call> = []
      let initial = empty
      for (const command of race.setup) {
        const call = resolve(initial, command)
        before.push(call)
        const answer = yield* performCall(subject, call)
        initial = modelStep(initial, call, answer)[1]
      }
      let moment = 0
      const perform = Effect.fnUntraced(function*(call: Call) {
        const start = moment++
        const answer = yield* performCall(subject, call)
        return { call, answer, start, end: moment++ }
      })
      const histories = yield* Effect.forEach(
        race.fibers,
        (commands) =>
          Effect.forEach(
            commands.filter((command) => isShown(pair, command)),
            (command) => perform(resolve(initial, command))
          ),
        { concurrency: "unbounded" }
      )
      // Read after the race, so that every write shows.
      const last: ReadonlyArray<Call> = [
        { _tag: "list", actor, summaries: false },
        { _tag: "listWorkers", actor },
        ...queues.map((queue) => ({ _tag: "dequeueAll", actor, queue } as const)),
        ...initial.workers.map(({ workerId }) => ({ _tag: "takeNews", actor, worker: workerId } as const))
      ]
      const settled = [
        ...histories.flat(),
        ...(yield* Effect.forEach(last.filter((call) => isShown(pair, call)), perform))
      ]
      if (!isExplained(initial, historyOf(initial, settled))) {
        const shown = settled.map(({ answer, call, end, start }) =>
          `from ${start} to ${end}: ${show(call)} gave ${show(answer)}`
        )
        const trace = [`options ${show(options)}`, ...before.map((call) => `before: ${show(call)}`)]
        const steps = [...trace, ...shown].join("\n")
        return yield* new Divergence({ difference: "no order of these commands explains their answers", steps })
      }
    }).pipe(Effect.provideService(Clock.Clock, clock), Random.withSeed(race.seed))
  })

const actor = { handle: "first" } as const
