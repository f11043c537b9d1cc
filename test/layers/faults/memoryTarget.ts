/** The memory backend, under faults. */
import * as Effect from "effect/Effect"
import * as MemoryTaskStorage from "../../../src/layers/MemoryTaskStorage.ts"
import type { EmptiedTarget } from "./FaultTarget.ts"

export const memoryTarget: EmptiedTarget<never> = {
  name: "memory",
  remote: false,
  freshStore: Effect.map(MemoryTaskStorage.makeStore, (store) => ({
    url: "memory:",
    openDriver: () => Effect.sync(() => MemoryTaskStorage.makeDriver(store))
  })),
  openPair: Effect.succeed(Effect.map(MemoryTaskStorage.makeStore, (store) => ({
    first: MemoryTaskStorage.makeDriver(store),
    second: MemoryTaskStorage.makeDriver(store)
  })))
}
