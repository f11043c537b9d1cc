/** What goes wrong between a client and its engine, in a random order. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { realSleep } from "../../../src/layers/realSleep.ts"
import type { Behaviour } from "./Behaviour.ts"
import type { RestartableTarget } from "./FaultTarget.ts"
import type { TcpProxy } from "./tcpProxy.ts"

/** Milliseconds that all is well between two faults. */
const respite = 120

/** Longer than an impatient storage waits for an answer. */
const silence = 1_200

/** Each behaviour of the proxy, for a while each. */
export const disturbNetwork = (proxy: TcpProxy): Effect.Effect<void> =>
  Effect.gen(function*() {
    const short = Random.nextBetween(80, 200)
    const cut = Effect.andThen(proxy.cut, realSleep(yield* short))
    const delay: Behaviour = { _tag: "Delay", milliseconds: yield* Random.nextIntBetween(1, 30) }
    const cutAfter: Behaviour = { _tag: "CutAfter", bytes: yield* Random.nextIntBetween(1, 2_000) }
    // Whoever waits for an answer meets the cut; who connects anew then meets the behaviour.
    const faults: ReadonlyArray<readonly [behaviour: Behaviour, meanwhile: Effect.Effect<void>]> = [
      [{ _tag: "Pass" }, cut],
      [{ _tag: "Refuse" }, cut],
      [delay, cut],
      [{ _tag: "LoseAnswers", after: "cut" }, cut],
      [{ _tag: "LoseAnswers", after: "cut" }, realSleep(yield* short)],
      [{ _tag: "LoseAnswers", after: "hang" }, realSleep(silence)],
      [{ _tag: "Pass" }, Effect.andThen(proxy.forget, realSleep(silence))],
      [cutAfter, realSleep(yield* short)]
    ]
    for (const [behaviour, meanwhile] of yield* Random.shuffle(faults)) {
      yield* proxy.behave(behaviour)
      yield* realSleep(yield* short)
      yield* meanwhile
      yield* proxy.behave({ _tag: "Pass" })
      yield* realSleep(respite)
    }
  })

/** Longer than an impatient storage tries again. */
const outage = 2_500

/** The engine ends at work, at once or by and by, and comes back: soon, and later than everybody waits for it. */
export const disturbEngine = <E, E2>(
  target: RestartableTarget<E>,
  progress: Effect.Effect<void, E2>
): Effect.Effect<void, E2> =>
  Effect.forEach(
    [{ how: "at once", away: 0 }, { how: "gently", away: outage }] as const,
    ({ away, how }) =>
      Effect.gen(function*() {
        yield* progress
        yield* realSleep(yield* Random.nextBetween(0, 200))
        yield* target.stop(how)
        yield* realSleep(away + (yield* Random.nextBetween(50, 300)))
        yield* target.start
      }),
    { discard: true }
  )
