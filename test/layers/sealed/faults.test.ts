/** What fails or is interrupted beneath encryption has happened whole or not at all, and says which. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Encryption, sealDriver } from "mcp-task-storage/encryption"
import { runsOr } from "../../support/runs.ts"
import { describeWithEngine } from "../dynamodb/engine.ts"
import { checkFaultyDriver } from "../faults/checkFaultyDriver.ts"
import { checkInterruptions } from "../faults/checkInterruptions.ts"
import { dynamoDbTarget } from "../faults/dynamoDbTarget.ts"
import type { EmptiedTarget } from "../faults/FaultTarget.ts"
import { memoryTarget } from "../faults/memoryTarget.ts"
import { postgresTargetOn } from "../faults/postgresTarget.ts"
import { sqliteTarget } from "../faults/sqliteTarget.ts"
import { postgres } from "../postgres/engine.ts"

const key = new Uint8Array(32).fill(1)

/** Keys at hand, and keys that each write has to wait for. */
const encryptions: { readonly [keys: string]: Encryption } = {
  "keys at hand": { current: "k1", keys: { k1: key } },
  "keys of a promise": { current: "k1", keys: async () => key, cacheFor: 0 }
}

const testFaults = <E>(target: EmptiedTarget<E>, runs: number) => {
  it.live.each(Object.entries(encryptions))(
    `failures at any step, in ${target.name}, with %s`,
    ([, encryption]) =>
      Effect.flatMap(
        target.openPair,
        (emptied) => checkFaultyDriver(emptied, { runs }, (driver) => sealDriver(driver, encryption))
      ),
    120_000
  )

  it.live.each(Object.entries(encryptions))(
    `interruptions anywhere, in ${target.name}, with %s`,
    ([, encryption]) =>
      Effect.gen(function*() {
        const freshStore = Effect.map(target.freshStore, (store) => ({
          ...store,
          openDriver: () => Effect.flatMap(store.openDriver(), (driver) => sealDriver(driver, encryption))
        }))
        assert.isAbove(yield* checkInterruptions({ ...target, freshStore }, { runs }), 0)
      }),
    120_000
  )
}

describe("encryption", () => {
  testFaults(memoryTarget, runsOr(100))
  testFaults(sqliteTarget, runsOr(40))
  testFaults(postgresTargetOn(postgres), runsOr(10))
})

describeWithEngine("encryption on DynamoDB Local", () => {
  testFaults(dynamoDbTarget, runsOr(4))
})
