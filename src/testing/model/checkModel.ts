/**
 * Random sequences of commands, made by a storage and by the reference model, and compared after every step.
 *
 * @since 0.1.0
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { ContractViolation } from "../contract/ContractViolation.ts"
import { difference, show } from "../difference.ts"
import type { StorageHarness } from "../StorageHarness.ts"
import * as SuiteClock from "../SuiteClock.ts"
import type { Answer } from "./Answer.ts"
import { type Call, resolve } from "./Call.ts"
import {
  actorSession,
  type Command,
  commandsBehindCreations,
  type Options,
  options as arbitraryOptions,
  queues,
  sequenceSize,
  type Wanted
} from "./Command.ts"
import { describeFailure, Divergence } from "./describeFailure.ts"
import type { ModelOptions, ModelState } from "./ModelState.ts"
import { emptyModel, modelStep } from "./modelStep.ts"
import { openModelled } from "./openModelled.ts"
import { isShown, performCall, type Subject } from "./performCall.ts"

/**
 * How many sequences are made, or which one once more.
 *
 * @since 0.1.0
 * @category options
 */
export interface CheckOptions {
  /** How many random sequences are made; 1000 by default. */
  readonly runs?: number | undefined
  /** Makes the same sequences again. */
  readonly seed?: string | number | undefined
  /** Makes the one sequence again that a failure named. */
  readonly replay?: string | undefined
}

/**
 * Compares a storage with the reference model. A failure tells the shortest sequence that was found to show it.
 *
 * @since 0.1.0
 * @category running
 */
export const checkModel = <E>(
  harness: StorageHarness<E>,
  options: CheckOptions = {}
): Effect.Effect<void, ContractViolation> =>
  Arbitrary.checkEffect(
    Arbitrary.all({ commands: commandsBehindCreations, options: arbitraryOptions }),
    ({ commands, options }) => Effect.as(Effect.scoped(runSequence(harness, options, commands)), true),
    { runs: 1000, size: sequenceSize, maxShrinks, ...options }
  ).pipe(
    Effect.flatMap((result) => {
      const failure = describeFailure(result)
      return failure === undefined
        ? Effect.void
        : Effect.fail(new ContractViolation({ case: "reference model", difference: failure }))
    })
  )

/** Enough to find the few commands that matter among many. */
const maxShrinks = 3_000

/** The whole state is compared every so many steps, and at the end. */
const stepsBetweenListings = 5

/** What is looked at from time to time: every task, the news of the workers, and what is free, in another way each time. */
const looks = (state: ModelState, count: number): ReadonlyArray<Call> => [
  { _tag: "list", actor: { handle: "second" }, summaries: false },
  ...Object.values(state.names).map((worker) => ({ _tag: "takeNews", actor: { handle: "first" }, worker } as const)),
  { _tag: "claimableTasks", actor: { handle: "first" }, wanted: wantedInTurn[count % wantedInTurn.length] ?? {} }
]

/** What is looked at in the end as well, since a sequence seldom asks for it where it matters. It takes the messages. */
const lastLooks: ReadonlyArray<Call> = [
  { _tag: "pausedTasks", actor: { handle: "second" } },
  { _tag: "listWorkers", actor: { handle: "second" } },
  ...queues.map((queue) => ({ _tag: "dequeueAll", actor: { handle: "second" }, queue } as const))
]

const wantedInTurn: ReadonlyArray<Wanted> = [
  {},
  { behindSession: actorSession },
  { behindSession: null },
  { kinds: "named" },
  { kinds: "other" },
  { perSession: 1, runs: 1 },
  { kinds: "nameless", limit: 2 },
  { kinds: "of any name" },
  { except: actorSession }
]

const runSequence = <E>(harness: StorageHarness<E>, wanted: Options, commands: ReadonlyArray<Command>) =>
  Effect.gen(function*() {
    const clock = yield* SuiteClock.make
    yield* Effect.gen(function*() {
      const { options, pair } = yield* openModelled(harness.open, wanted, harness.payloadBytes)
      const subject: Subject = { ...pair, clock, list: undefined }
      let state = emptyModel(clock.currentTimeMillisUnsafe(), options, harness.payloadBytes)
      const trace: Array<Call> = []
      const shown = commands.filter((command) => isShown(pair, command))
      for (const [index, command] of shown.entries()) {
        const call = resolve(state, command)
        trace.push(call)
        state = yield* compareStep(subject, state, call, () => shownSteps(options, trace))
        const isLast = index === shown.length - 1
        if (index % stepsBetweenListings === stepsBetweenListings - 1 || isLast) {
          const { list } = subject
          const { cursor } = state
          const calls = looks(state, Math.floor(index / stepsBetweenListings))
          for (const call of isLast ? [...calls, ...lastLooks] : calls) {
            if (isShown(pair, call)) {
              state = yield* compareStep(
                subject,
                state,
                call,
                () => `${shownSteps(options, trace)}\nlooking: ${show(call)}`
              )
            }
          }
          subject.list = list
          state = { ...state, cursor }
        }
      }
    }).pipe(Effect.provideService(Clock.Clock, clock))
  })

/** Written only for a failure: the calls of a run are many. */
const shownSteps = (options: ModelOptions, calls: ReadonlyArray<Call>): string =>
  [`options ${show(options)}`, ...calls.map(show)].join("\n")

const compareStep = Effect.fnUntraced(function*(
  subject: Subject,
  state: ModelState,
  call: Call,
  steps: () => string
) {
  const answer = yield* performCall(subject, call)
  const reason = call._tag === "recoverStuckTasks" ? yield* learnReason(subject, answer) : ""
  const [expected, next] = modelStep(state, call, answer, reason)
  const found = difference(answer, expected)
  if (found !== undefined) return yield* new Divergence({ steps: steps(), difference: found })
  return next
})

/** Reads the sentence under which a recovery failed a task. */
const learnReason = (subject: Subject, answer: Answer): Effect.Effect<string> =>
  Effect.map(Effect.exit(subject.first.listTasks()), (listed) => {
    const recovered = "value" in answer && Array.isArray(answer.value) ? answer.value : []
    const tasks = listed._tag === "Success" ? listed.value.tasks : []
    const reasons = tasks.flatMap(({ result, taskId }) =>
      recovered.includes(taskId) && result?._tag === "Error" && result.code === internalError ? [result.message] : []
    )
    return reasons[0] ?? ""
  })

const internalError = -32603
