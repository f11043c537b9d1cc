/** Fibers whose first turns are taken at once. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Scheduler from "effect/Scheduler"
import { forkAhead } from "../../../src/domain/effects/forkAhead.ts"

const turnOfLoop = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

describe("forkAhead", () => {
  it("ends work within it that a forked fiber hands its result", () => {
    const fiber = forkAhead(
      Context.empty(),
      Effect.gen(function*() {
        const queue = yield* Queue.make<string>()
        yield* Effect.forkChild(Queue.offer(queue, "handed over"))
        return yield* Queue.take(queue)
      })
    )
    assert.deepStrictEqual(fiber.pollUnsafe(), Exit.succeed("handed over"))
  })

  it.effect("lets others run while work goes on for long", () =>
    Effect.gen(function*() {
      let turns = 0
      const fiber = forkAhead(
        Context.empty(),
        Effect.forever(Effect.andThen(Effect.sync(() => void turns++), Effect.yieldNow), { disableYield: true })
      )
      const atOnce = turns
      assert.isBelow(atOnce, 10)
      yield* turnOfLoop
      yield* turnOfLoop
      assert.isAbove(turns, atOnce)
      yield* Fiber.interrupt(fiber)
    }))

  it.effect("leaves to the next turn of the event loop what is due when the work is over", () =>
    Effect.gen(function*() {
      let hasBegun = false
      const begun = yield* Deferred.make<void>()
      const begin = Effect.andThen(Effect.sync(() => void (hasBegun = true)), Deferred.succeed(begun, undefined))
      const fiber = forkAhead(Context.empty(), Effect.forkDetach(begin))
      assert.isTrue(Exit.isSuccess(fiber.pollUnsafe() ?? Exit.interrupt()))
      assert.isFalse(hasBegun)
      yield* Deferred.await(begun)
    }))

  it("takes what is due in the order of its priorities", () => {
    const taken: Array<number> = []
    const after = (priority: number) =>
      Effect.andThen(Effect.yieldNowWith(priority), Effect.sync(() => void taken.push(priority)))
    const begin = (priority: number) => Effect.forkChild(after(priority), { startImmediately: true })
    forkAhead(Context.empty(), Effect.andThen(Effect.forEach([2, 0, 1], begin), Effect.never)).interruptUnsafe()
    assert.deepStrictEqual(taken, [0, 1, 2])
  })

  it("asks the scheduler of the context whether to yield, and leaves it what comes after the first turns", () => {
    const later: Array<() => void> = []
    const scheduler: Scheduler.Scheduler = {
      executionMode: "async",
      shouldYield: ({ currentOpCount }) => currentOpCount > 3,
      makeDispatcher: () => ({ scheduleTask: (task) => void later.push(task), flush: () => undefined })
    }
    const fiber = forkAhead(
      Context.make(Scheduler.Scheduler, scheduler),
      Effect.forEach(Array.from({ length: 20 }), () => Effect.void, { discard: true })
    )
    assert.isUndefined(fiber.pollUnsafe())
    for (let turn = 0; turn < 100; turn++) later.shift()?.()
    assert.isDefined(fiber.pollUnsafe())
  })
})
