/** The contract under encryption: two processes that seal with different keys, as they do while a key is changed. */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ContractGroup, type DriverPair, fromDrivers, type PayloadBytes } from "mcp-task-storage/testing"
import { taskStorageSuite } from "mcp-task-storage/testing/vitest"
import { registerSuite } from "../../../src/testing/registerSuite.ts"
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
): void => registerSuite(`${name}, sealed`, groups, harnessOf(makeDrivers, options), options)
