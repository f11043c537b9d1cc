/**
 * The suite that every storage of tasks has to pass, for whatever test runner: the cases of the contract, the reference
 * model, and the check of concurrent histories. `mcp-task-storage/testing/vitest` registers all of it with Vitest.
 *
 * @since 0.1.0
 * @module
 */
export { type BrokenDriver } from "./broken/BrokenDriver.ts"
export { brokenDrivers } from "./broken/brokenDrivers.ts"
export { sharingStorage } from "./broken/sharingStorage.ts"
export { type ContractCase, type ContractGroup, runCase, type World } from "./contract/ContractCase.ts"
export { contractSuite } from "./contract/contractSuite.ts"
export { ContractViolation } from "./contract/ContractViolation.ts"
export { checkLinearizability } from "./linearizability/checkLinearizability.ts"
export { yieldingDriver } from "./linearizability/yieldingDriver.ts"
export { checkModel, type CheckOptions } from "./model/checkModel.ts"
export {
  type DriverPair,
  fromDrivers,
  fromLayer,
  type PayloadBytes,
  type StorageHarness,
  type StoragePair
} from "./StorageHarness.ts"
export { type SuiteClock } from "./SuiteClock.ts"
