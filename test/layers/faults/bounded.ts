/** That every call ends. */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import { giveUpAfter } from "../../../src/layers/giveUpAfter.ts"

/** Something did not end within its time. */
export class Unending extends Data.TaggedError("Unending")<{ readonly message: string }> {}

/** Far more than anything may take, on a machine that is busy with something else. */
const bound = 30_000

/** Runs an effect that has to end, whatever happens around it; nobody waits for its end after that. */
export const bounded = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | Unending, R> =>
  giveUpAfter(effect, bound, () => new Unending({ message: `${what} has not ended after ${bound} ms` }))
