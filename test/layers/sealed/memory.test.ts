/** Holds sealed tasks in memory to the contract: two processes that seal with different keys, as they do while keys are changed. */
import * as Effect from "effect/Effect"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { fromDrivers } from "mcp-task-storage/testing"
import { taskStorageSuite } from "mcp-task-storage/testing/vitest"
import { payloadBytes, sealedPair } from "./sealedPair.ts"

const pair = Effect.map(MemoryTaskStorage.makeStore, (store) => ({
  first: MemoryTaskStorage.makeDriver(store),
  second: MemoryTaskStorage.makeDriver(store)
}))

taskStorageSuite("memory, sealed", fromDrivers({ makeDrivers: sealedPair(pair), payloadBytes }))
