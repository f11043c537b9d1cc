/**
 * The suite as Vitest tests.
 *
 * @since 0.1.0
 * @module
 */
import { contractSuite } from "./contract/contractSuite.ts"
import type { CheckOptions } from "./model/checkModel.ts"
import { registerSuite } from "./registerSuite.ts"
import type { StorageHarness } from "./StorageHarness.ts"

const runsByDefault = Number(process.env["MCP_TASK_STORAGE_RUNS"] ?? 1_000)

/**
 * Registers everything that a storage has to pass. The environment variable `MCP_TASK_STORAGE_RUNS` says how many random
 * runs each of the two random checks makes, 1000 by default; `replay` repeats the one that a failure named.
 *
 * @since 0.1.0
 * @category suite
 */
export const taskStorageSuite = <E>(name: string, harness: StorageHarness<E>, options: CheckOptions = {}): void =>
  registerSuite(name, contractSuite, harness, { ...options, runs: options.runs ?? runsByDefault })
