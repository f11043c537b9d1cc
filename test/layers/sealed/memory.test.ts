/** Holds sealed tasks in memory to the whole contract. */
import * as Effect from "effect/Effect"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { sealedSuite } from "./sealedSuite.ts"

const makeDrivers = Effect.map(MemoryTaskStorage.makeStore, (store) => ({
  first: MemoryTaskStorage.makeDriver(store),
  second: MemoryTaskStorage.makeDriver(store)
}))

sealedSuite("memory", makeDrivers, {})
