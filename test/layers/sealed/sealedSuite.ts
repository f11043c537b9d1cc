/** The contract under encryption: two processes that seal with different keys, as they do while a key is changed. */
import { describe, it } from "@effect/vitest"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import {
  checkLinearizability,
  checkModel,
  type ContractGroup,
  type DriverPair,
  fromDrivers,
  type PayloadBytes,
  runCase
} from "mcp-task-storage/testing"
import { taskStorageSuite } from "mcp-task-storage/testing/vitest"
import { payloadBytes, sealedPair } from "./sealedPair.ts"

interface SealedOptions {
  readonly runs?: number
  readonly maxPayloadBytes?: PayloadBytes
}

const harnessOf = <E>(makeDrivers: Effect.Effect<DriverPair, E, Scope.Scope>, { maxPayloadBytes }: SealedOptions) =>
  fromDrivers({ makeDrivers: sealedPair(makeDrivers), maxPayloadBytes, payloadBytes })

export const sealedSuite = <E>(
  name: string,
  makeDrivers: Effect.Effect<DriverPair, E, Scope.Scope>,
  options: SealedOptions = {}
): void => taskStorageSuite(`${name}, sealed`, harnessOf(makeDrivers, options), options)

/** The same with a part of the cases. */
export const lightSealedSuite = <E>(
  name: string,
  groups: ReadonlyArray<ContractGroup>,
  makeDrivers: Effect.Effect<DriverPair, E, Scope.Scope>,
  options: SealedOptions & { readonly runs: number }
): void => {
  const harness = harnessOf(makeDrivers, options)
  const check = { runs: options.runs }
  describe(`${name}, sealed`, () => {
    for (const { cases, subject } of groups) {
      describe(subject, () => {
        for (const contract of cases) it.live(contract.name, () => runCase(harness, contract))
      })
    }
    it.live("does what the reference model does", () => checkModel(harness, check), 120_000)
    it.live(
      "answers concurrent calls as if they came one after the other",
      () => checkLinearizability(harness, check),
      120_000
    )
  })
}
