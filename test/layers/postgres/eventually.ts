/** Waits for what takes a while on a busy machine. */
import * as Effect from "effect/Effect"

export const eventually = <E>(what: string, look: Effect.Effect<boolean, E>): Effect.Effect<void, E> =>
  Effect.gen(function*() {
    const deadline = performance.now() + 60_000
    while (!(yield* look)) {
      if (performance.now() > deadline) return yield* Effect.die(new Error(`it never came that ${what}`))
      yield* Effect.sleep(20)
    }
  })
