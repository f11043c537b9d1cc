/** A part of the contract, and the random checks, as tests. */
import { describe, it } from "@effect/vitest"
import {
  checkLinearizability,
  checkModel,
  type ContractGroup,
  runCase,
  type StorageHarness
} from "mcp-task-storage/testing"

export const partOfSuite = <E>(
  name: string,
  groups: ReadonlyArray<ContractGroup>,
  harness: StorageHarness<E>,
  check: { readonly runs: number }
): void => {
  const timeout = 120_000 + check.runs * 1_000
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
