/**
 * The suite as Vitest tests.
 *
 * @since 0.1.0
 * @module
 */
import { describe, it } from "@effect/vitest"
import { runCase } from "./contract/ContractCase.ts"
import { contractSuite } from "./contract/contractSuite.ts"
import { checkLinearizability } from "./linearizability/checkLinearizability.ts"
import { checkModel, type CheckOptions } from "./model/checkModel.ts"
import type { StorageHarness } from "./StorageHarness.ts"

const runsByDefault = Number(process.env["MCP_TASK_STORAGE_RUNS"] ?? 1_000)

/** Room for a slow engine on a busy machine: milliseconds for each random run. */
const runTimeout = 1_000

/**
 * Registers everything that a storage has to pass. The environment variable `MCP_TASK_STORAGE_RUNS` says how many random
 * runs each of the two random checks makes, 1000 by default; `replay` repeats the one that a failure named.
 *
 * @since 0.1.0
 * @category suite
 */
export const taskStorageSuite = <E>(name: string, harness: StorageHarness<E>, options: CheckOptions = {}): void => {
  const { runs = runsByDefault } = options
  const check = { ...options, runs }
  const timeout = runs * runTimeout
  describe(name, () => {
    for (const { cases, subject } of contractSuite) {
      describe(subject, () => {
        for (const contract of cases) it.live(contract.name, () => runCase(harness, contract))
      })
    }
    it.live("does what the reference model does", () => checkModel(harness, check), timeout)
    it.live(
      "answers concurrent calls as if they came one after the other",
      () => checkLinearizability(harness, check),
      timeout
    )
  })
}
