/** Memory as a driver that can be changed, and the storage on it. */
import * as Effect from "effect/Effect"
import { type TaskDriver, TaskDriverError } from "../../src/domain/driver/TaskDriver.ts"
import { fromDriver } from "../../src/domain/fromDriver.ts"
import { makeDriver, makeStore } from "../../src/layers/MemoryTaskStorage.ts"

export const success = { _tag: "Success", value: 1 } as const

export const call = { originalMethod: "tools/call" } as const

/** Memory as a driver that signals nothing of itself, and that can be changed. */
export const quietMemory = Effect.map(makeStore, (store): TaskDriver => {
  const { foreignWrites: _, ...driver } = makeDriver(store)
  return driver
})

export const open = (change: (driver: TaskDriver) => TaskDriver = (driver) => driver) =>
  Effect.flatMap(quietMemory, (driver) => fromDriver(change(driver), { maintenance: false }))

export const broken = new TaskDriverError({
  reason: "the disk is on fire",
  retryable: true,
  applied: "unknown",
  cause: "smoke"
})
