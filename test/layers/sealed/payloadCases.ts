/** The cases of the contract in which payloads are sealed, without those that take an engine of slow requests too long. */
import * as Effect from "effect/Effect"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import {
  type ContractCase,
  type ContractGroup,
  contractSuite,
  fromDrivers,
  type PayloadBytes,
  runCase
} from "mcp-task-storage/testing"
import { sealDriver } from "../../../src/layers/sealed/sealDriver.ts"
import { aesSealer, type Sealer } from "../../../src/layers/sealed/Sealer.ts"
import { makeSealing } from "../../../src/layers/sealed/Sealing.ts"
import { wrapPrimitives } from "../faults/wrapPrimitives.ts"

/** What a case costs an engine. */
interface Cost {
  requests: number
  sealed: number
  sealedBytes: number
}

const most: Pick<Cost, "requests" | "sealedBytes"> = { requests: 100, sealedBytes: 8 * 1024 * 1024 }

/** Runs a case in memory, whether it passes or not, and gives what it asked of the engine. */
const costOf = (contract: ContractCase, maxPayloadBytes: PayloadBytes): Effect.Effect<Cost> =>
  Effect.gen(function*() {
    const cost: Cost = { requests: 0, sealed: 0, sealedBytes: 0 }
    const sealer: Sealer = {
      ...aesSealer,
      seal: (...text) => {
        const sealed = aesSealer.seal(...text)
        cost.sealed++
        cost.sealedBytes += sealed.length
        return sealed
      }
    }
    const makeDrivers = Effect.gen(function*() {
      const store = yield* MemoryTaskStorage.makeStore
      const sealing = yield* makeSealing({ current: "k1", keys: { k1: new Uint8Array(32).fill(1) } }, sealer)
      const makeDriver = () =>
        sealDriver(
          wrapPrimitives(MemoryTaskStorage.makeDriver(store), (_, effect) =>
            Effect.suspend(() => {
              cost.requests++
              return effect
            })),
          sealing
        )
      return { first: makeDriver(), second: makeDriver() }
    })
    yield* Effect.ignore(runCase(fromDrivers({ makeDrivers, maxPayloadBytes }), contract))
    return cost
  })

/** Gives the cases for an engine with such limits. They run side by side: most of them wait. */
export const payloadCases = (maxPayloadBytes: PayloadBytes): Effect.Effect<ReadonlyArray<ContractGroup>> =>
  Effect.forEach(
    contractSuite,
    ({ cases, subject }) =>
      Effect.map(
        Effect.filter(cases, (contract) =>
          Effect.map(costOf(contract, maxPayloadBytes), ({ requests, sealed, sealedBytes }) =>
            sealed > 0 && requests <= most.requests && sealedBytes <= most.sealedBytes), { concurrency: "unbounded" }),
        (cases) => ({ subject, cases })
      ),
    { concurrency: 4 }
  ).pipe(Effect.map((groups) => groups.filter(({ cases }) => cases.length > 0)))
