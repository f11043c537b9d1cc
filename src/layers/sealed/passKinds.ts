/**
 * The primitives of pauses under encryption.
 *
 * @since 0.2.0
 */
import type { KindDriver } from "../../domain/driver/KindDriver.ts"
import type { EveryMember } from "./driverOf.ts"

/**
 * Passes on what keeps pauses: they name methods and names, which stay readable.
 *
 * @since 0.2.0
 * @category combinators
 */
export const passKinds = (kinds: KindDriver): KindDriver =>
  ({
    pause: (pause) => kinds.pause(pause),
    resume: (paused, now) => kinds.resume(paused, now),
    paused: () => kinds.paused()
  }) satisfies EveryMember<KindDriver>
