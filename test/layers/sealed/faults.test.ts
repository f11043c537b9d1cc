/** What fails or is interrupted beneath encryption has happened whole or not at all, and says which. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Encryption, sealDriver } from "mcp-task-storage/encryption"
import { runsOr } from "../../support/runs.ts"
import { checkFaultyDriver } from "../faults/checkFaultyDriver.ts"
import { checkInterruptions } from "../faults/checkInterruptions.ts"
import { memoryTarget } from "../faults/memoryTarget.ts"
import { sqliteTarget } from "../faults/sqliteTarget.ts"

const key = new Uint8Array(32).fill(1)

/** Keys at hand, and keys that each write has to wait for. */
const encryptions: { readonly [keys: string]: Encryption } = {
  "keys at hand": { current: "k1", keys: { k1: key } },
  "keys of a promise": { current: "k1", keys: async () => key, cacheFor: 0 }
}

describe.each(Object.entries(encryptions))("%s", (_, encryption) => {
  it.live("failures at any step, in memory", () =>
    checkFaultyDriver(
      Effect.flatMap(memoryTarget.freshStore, ({ openDriver }) =>
        Effect.all({ first: openDriver(), second: openDriver() })),
      { runs: runsOr(200) },
      (driver) =>
        sealDriver(driver, encryption)
    ), 120_000)

  it.live("interruptions anywhere, in SQLite", () =>
    Effect.gen(function*() {
      const interrupted = yield* checkInterruptions({
        ...sqliteTarget,
        freshStore: Effect.map(sqliteTarget.freshStore, (store) => ({
          ...store,
          openDriver: () => Effect.flatMap(store.openDriver(), (driver) => sealDriver(driver, encryption))
        }))
      }, { runs: runsOr(100) })
      assert.isAbove(interrupted, 0)
    }), 120_000)
})
