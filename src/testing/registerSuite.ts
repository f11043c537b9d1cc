/**
 * Cases and random checks as Vitest tests.
 *
 * @since 0.2.0
 */
import { describe, it } from "@effect/vitest"
import { type ContractGroup, runCase } from "./contract/ContractCase.ts"
import { checkLinearizability } from "./linearizability/checkLinearizability.ts"
import { checkModel, type CheckOptions } from "./model/checkModel.ts"
import type { StorageHarness } from "./StorageHarness.ts"

/** Room for a slow engine on a busy machine, in milliseconds: to begin with, and for each random run. */
const timeouts = { first: 120_000, run: 1_000 } as const

/**
 * Registers groups of cases, and the random checks, for one storage.
 *
 * @since 0.2.0
 * @category suite
 */
export const registerSuite = <E>(
  name: string,
  groups: ReadonlyArray<ContractGroup>,
  harness: StorageHarness<E>,
  check: CheckOptions & { readonly runs: number }
): void => {
  const timeout = timeouts.first + check.runs * timeouts.run
  describe(name, () => {
    for (const { cases, subject } of groups) {
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
