/** Drivers under encryption, for the suites of all backends. */
import * as Effect from "effect/Effect"
import { sealDriver } from "mcp-task-storage/encryption"
import type { DriverPair, StorageHarness } from "mcp-task-storage/testing"
import { sealedBytes } from "../../../src/layers/sealed/Sealer.ts"

/** Two keys: what the first one has sealed can be read by those who seal with the second one. */
export const keys = { k1: new Uint8Array(32).fill(1), k2: new Uint8Array(32).fill(2) }

export const sealedPair = <E, R>(pair: Effect.Effect<DriverPair, E, R>) =>
  Effect.flatMap(pair, ({ first, second }) =>
    Effect.all({
      first: sealDriver(first, { current: "k1", keys }),
      second: sealDriver(second, { current: "k2", keys })
    }))

/** What payloads take under these keys, whose ids are of one length. */
export const payloadBytes: NonNullable<StorageHarness["payloadBytes"]> = (bytes) => sealedBytes("k1".length, bytes)
