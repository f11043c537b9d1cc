/**
 * What a backend is written with: the primitives of a driver, the rows that it stores, and what a conditional write means.
 * `TaskStorage.fromDriver` makes the service of a driver.
 *
 * @since 0.2.0
 * @module
 */
export * from "./domain/AtOnce.ts"
export * from "./domain/KindDriver.ts"
export * from "./domain/StoredJson.ts"
export * from "./domain/StoredTask.ts"
export * from "./domain/StoreInspector.ts"
export * from "./domain/TaskDriver.ts"
export { type TaskOrder, type TaskRange, wholeRange } from "./domain/TaskRange.ts"
export * from "./domain/TaskTally.ts"
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
} from "./domain/TaskWrite.ts"
export * from "./domain/WorkerDriver.ts"
