/**
 * Holds the memory backend to the contract.
 */
import * as Effect from "effect/Effect"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { fromDrivers } from "mcp-task-storage/testing"
import { taskStorageSuite } from "mcp-task-storage/testing/vitest"

const makeDrivers = Effect.map(MemoryTaskStorage.makeStore, (store) => ({
  first: MemoryTaskStorage.makeDriver(store),
  second: MemoryTaskStorage.makeDriver(store)
}))

taskStorageSuite("memory", fromDrivers({ makeDrivers }))
