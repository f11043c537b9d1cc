/** Callers at work while something goes wrong, and what has to be right then and afterwards. */
import { assert } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import type { Call } from "../../../src/testing/model/Call.ts"
import { performCall, type Subject } from "../../../src/testing/model/performCall.ts"
import * as SuiteClock from "../../../src/testing/SuiteClock.ts"
import type { Endpoint } from "./Behaviour.ts"
import { afterCall, afterLook, requireBelief } from "./Belief.ts"
import { bounded, type Unending } from "./bounded.ts"
import type { FaultStore } from "./FaultTarget.ts"
import { Journal, verifyJournal } from "./Journal.ts"
import { journalWorker } from "./journalWorker.ts"
import { modelWorker, properties, type Tally } from "./modelWorker.ts"
import { requireRecovered } from "./requireRecovered.ts"

const options = { maintenance: false } as const

const journalWorkers = 3
const watchers = 3

/** Milliseconds between the calls of a caller. Without them the callers keep the whole machine busy for as long as it takes. */
const rest = realSleep(4)

export interface UnderFaults<E> {
  readonly store: FaultStore<E>
  /** The way of those who are to meet the faults. */
  readonly through: Endpoint | undefined
  readonly seed: number
  /** Makes things go wrong, and ends when all is well again. `progress` waits until some more calls were answered. */
  readonly disturb: (progress: Effect.Effect<void, Unending>) => Effect.Effect<void, Unending>
}

/**
 * Lets callers work through one storage while they are disturbed. Each call has to end with the right answer or as
 * unavailable; then the same storage has to work again by itself, and what is stored has to be what was acknowledged.
 * Gives how often which answer was given.
 */
export const underFaults = Effect.fnUntraced(function*<E>({ disturb, seed, store, through }: UnderFaults<E>) {
  const clock = yield* SuiteClock.make
  return yield* Effect.gen(function*() {
    const opening = { impatient: true, ...(through === undefined ? {} : { through }) }
    const storage = yield* TaskStorage.fromDriver(yield* store.openDriver(opening), options)
    const onlooker = yield* TaskStorage.fromDriver(yield* store.openDriver(), options)

    let over = false
    const isOver = () => over
    const tally: Tally = { answered: 0, nothing: 0, unknown: 0 }
    const journal = new Journal()
    const subject = (): Subject => ({ first: storage, second: storage, clock, list: undefined })
    const progress = bounded(
      "the wait for answers",
      Effect.suspend(() => {
        const goal = { answered: tally.answered + 5, acknowledged: journal.acknowledged + 3 }
        const wait: Effect.Effect<void> = Effect.suspend(() =>
          tally.answered >= goal.answered && journal.acknowledged >= goal.acknowledged
            ? Effect.void
            : Effect.andThen(realSleep(10), wait)
        )
        return wait
      })
    )
    const watching = yield* watch(storage, onlooker)
    const working = yield* Effect.forkChild(Effect.all({
      model: Effect.forEach(
        properties,
        (property, index) => modelWorker({ subject: subject(), property, seed: seed + index, tally, isOver, rest }),
        { concurrency: "unbounded" }
      ),
      journal: Effect.forEach(
        Array.from({ length: journalWorkers }, (_, index) => `worker-${index}`),
        (name) => journalWorker({ storage, name, journal, note: (...noted) => journal.note(...noted), isOver, rest }),
        { concurrency: "unbounded" }
      )
    }, { concurrency: 2 }))
    // Whoever fails ends the test at once, rather than when all disturbances are over.
    yield* Effect.raceFirst(disturb(progress), Effect.andThen(Fiber.join(working), Effect.never))
    yield* bounded("the wait for those who watched", watching.end)
    over = true
    const { model } = yield* bounded("the work", Fiber.join(working))

    yield* requireRecovered(storage, onlooker)
    yield* verifyJournal(onlooker, journal)
    const looking: Subject = { first: onlooker, second: onlooker, clock, list: undefined }
    for (const [index, { beliefs, trail }] of model.entries()) {
      const { queue, taskId } = properties[index] ?? {}
      if (taskId === undefined) continue
      const look: Call = { _tag: "getTask", actor: { handle: "first" }, taskId }
      const stored = yield* performCall(looking, look)
      const possible = yield* requireBelief(afterLook(beliefs, look, stored), stored, trail)
      if (queue === undefined) continue
      const take: Call = { _tag: "dequeueAll", actor: { handle: "first" }, queue }
      const answer = yield* performCall(looking, take)
      yield* requireBelief(afterCall(possible, take, { _tag: "Answered", answer }), answer, trail)
    }
    return { ...tally, acknowledged: journal.acknowledged }
  }).pipe(Effect.provideService(Clock.Clock, clock))
})

/**
 * Waits through the storage for tasks that another one settles while things go wrong. Each wait ends with that, or as
 * unavailable.
 */
const watch = Effect.fnUntraced(function*(storage: TaskStorageShape, onlooker: TaskStorageShape) {
  const taskIds = Array.from({ length: watchers }, (_, index) => `watched-${index}`)
  yield* Effect.forEach(taskIds, (taskId) => onlooker.createTask({ originalMethod: "tools/call", taskId }))
  const fibers = yield* Effect.forEach(taskIds, (taskId) => Effect.forkChild(Effect.exit(storage.awaitTask(taskId))))
  const settle = (taskId: string): ReturnType<TaskStorageShape["settleTask"]> =>
    Effect.catchTag(
      onlooker.settleTask(taskId, { _tag: "Success", value: taskId }),
      "TaskStorageUnavailable",
      () => Effect.andThen(realSleep(50), settle(taskId))
    )
  yield* Effect.forkChild(
    Effect.forEach(taskIds, (taskId) => Effect.andThen(realSleep(300), Effect.exit(settle(taskId))))
  )
  const end = Effect.gen(function*() {
    for (const exit of yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))) {
      if (Exit.isSuccess(exit)) assert.strictEqual(exit.value.status, "completed")
      else assert.include(String(exit.cause), "TaskStorageUnavailable")
    }
  })
  return { end }
})
