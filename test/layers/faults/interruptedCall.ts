/** Calls that are given up. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { setImmediate } from "node:timers/promises"

/** Waits for some turns of the event loop, until so many milliseconds have passed. */
const turnsFor = (milliseconds: number): Effect.Effect<void> =>
  Effect.promise(async () => {
    const end = performance.now() + milliseconds
    do await setImmediate()
    while (performance.now() < end)
  })

/** Makes a call and interrupts it after a time, if it has not ended by then. Gives its exit, which may be in time. */
export const interruptedAfter = <A, E>(call: Effect.Effect<A, E>, milliseconds: number) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(call, { startImmediately: true })
    yield* turnsFor(milliseconds)
    yield* Fiber.interrupt(fiber)
    return yield* Fiber.await(fiber)
  })
