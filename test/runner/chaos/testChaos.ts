/** The chaos as a test, for each backend that several processes can share. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { FaultTarget } from "../../layers/faults/FaultTarget.ts"
import { checkChaos } from "./checkChaos.ts"

/** How long it goes on: six kills, unless the environment asks for more. The longer, the more it finds. */
const seconds = Number(process.env["MCP_TASK_STORAGE_CHAOS_SECONDS"] ?? 20)

export const testChaos = <E>(target: FaultTarget<E>): void => {
  describe(target.name, () => {
    it.live(
      "each task ends once, none that may not run twice does, and no answer is lost",
      () =>
        Effect.gen(function*() {
          const store = yield* target.freshStore
          const { kills, outcomes, reruns } = yield* checkChaos(store, {
            servers: 3,
            duration: seconds * 1_000,
            killInterval: 3_000,
            lease: 8_000,
            skew: 2_000,
            longest: 3_000
          })
          // What there is to be survived was there.
          const seen = JSON.stringify({ kills, reruns, outcomes: [...outcomes] })
          assert.isAtLeast(kills, 3, seen)
          assert.isAtLeast(reruns, 1, seen)
          assert.isAtLeast(outcomes.get("once failed") ?? 0, 1, seen)
          for (const tool of ["once", "again", "asks", "waits", "steps"]) {
            assert.isAtLeast(outcomes.get(`${tool} completed`) ?? 0, 1, seen)
          }
        }).pipe(Random.withSeed(1)),
      (seconds + 120) * 1_000
    )
  })
}
