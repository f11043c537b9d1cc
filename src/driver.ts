/**
 * What a backend is written with: the primitives of a driver, the rows that it stores, and what a conditional write means.
 * `TaskStorage.fromDriver` makes the service of a driver.
 *
 * @since 0.2.0
 * @module
 */
export * from "./domain/driver/KindDriver.ts"
export * from "./domain/driver/StoreInspector.ts"
export * from "./domain/driver/TaskDriver.ts"
export { type TaskOrder, type TaskRange, wholeRange } from "./domain/driver/TaskRange.ts"
export * from "./domain/driver/TaskTally.ts"
export {
  applyPatch,
  type Expiry,
  isAbandoned,
  isFree,
  isNews,
  isNewsForWorker,
  isVisible,
  permits,
  type TaskGuard,
  type TaskPatch,
  type TaskScope
} from "./domain/driver/TaskWrite.ts"
export * from "./domain/driver/WorkerDriver.ts"
export * from "./domain/effects/AtOnce.ts"
export * from "./domain/json/StoredJson.ts"
export * from "./domain/task/StoredTask.ts"
