/** The memory backend, under faults. */
import * as Effect from "effect/Effect"
import * as MemoryTaskStorage from "../../../src/layers/MemoryTaskStorage.ts"
import type { FaultTarget } from "./FaultTarget.ts"

export const memoryTarget: FaultTarget<never> = {
  name: "memory",
  remote: false,
  freshStore: Effect.map(MemoryTaskStorage.makeStore, (store) => ({
    url: "memory:",
    openDriver: () => Effect.sync(() => MemoryTaskStorage.makeDriver(store))
  }))
}
