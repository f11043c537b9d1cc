/**
 * One sentence of the contract, as a program that a storage passes or fails.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TaskStorageOptions } from "../../domain/options/TaskStorageOptions.ts"
import { asText, type Sizing } from "../../domain/task/StoredTask.ts"
import { InvalidInput, type TaskStorageError } from "../../domain/task/TaskError.ts"
import type { PayloadBytes, StorageHarness, StoragePair } from "../StorageHarness.ts"
import * as SuiteClock from "../SuiteClock.ts"
import { Mismatch } from "./check.ts"
import { ContractViolation } from "./ContractViolation.ts"

/**
 * What a case works with: two handles on one empty store, their clock, and their limits.
 *
 * @since 0.1.0
 * @category models
 */
export interface World extends StoragePair {
  readonly clock: SuiteClock.SuiteClock
  readonly maxPayloadBytes: PayloadBytes
  readonly payloadBytes: Sizing
}

/**
 * Why a case fails: a check that does not hold, or an operation that should have succeeded.
 *
 * @since 0.1.0
 * @category models
 */
export type CaseFailure = Mismatch | TaskStorageError

/**
 * A case of the contract. It fails when the storage breaks the contract.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContractCase {
  readonly name: string
  /** The options of the storage, where payloads take so many bytes. */
  readonly options: (payloadBytes: Sizing) => TaskStorageOptions
  /** An option that a storage need not have: one that refuses it passes. */
  readonly mayRefuse?: keyof TaskStorageOptions | undefined
  /** Fails where the storage breaks the contract. */
  readonly run: (world: World) => Effect.Effect<void, CaseFailure, Scope.Scope>
}

/**
 * Cases about one subject.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContractGroup {
  readonly subject: string
  readonly cases: ReadonlyArray<ContractCase>
}

/**
 * Makes a case. Without other options the storage has its defaults and does no maintenance by itself.
 *
 * @since 0.1.0
 * @category constructors
 */
export const contractCase = (
  name: string,
  run: (world: World) => Generator<Effect.Effect<unknown, CaseFailure, Scope.Scope>, void, never>,
  options: TaskStorageOptions | ((payloadBytes: Sizing) => TaskStorageOptions) = {},
  mayRefuse?: keyof TaskStorageOptions
): ContractCase => ({
  name,
  mayRefuse,
  options: (payloadBytes) => ({
    maintenance: false,
    ...(typeof options === "function" ? options(payloadBytes) : options)
  }),
  run: (world) => Effect.gen(() => run(world))
})

/**
 * Runs a case on a fresh store, where concurrent calls meet in as many ways as the harness can make them.
 *
 * @since 0.1.0
 * @category running
 */
export const runCase = <E>(
  harness: StorageHarness<E>,
  contract: ContractCase
): Effect.Effect<void, ContractViolation> =>
  Effect.gen(function*() {
    const clock = yield* SuiteClock.make
    const { maxPayloadBytes = { outcome: sevenMebibytes, content: sevenMebibytes }, payloadBytes = asText } = harness
    yield* Effect.scoped(
      Effect.matchEffect((harness.openRacing ?? harness.open)(contract.options(payloadBytes)), {
        onFailure: (error) => isRefusal(error, contract) ? Effect.void : Effect.fail(error),
        onSuccess: (pair) => contract.run({ ...pair, clock, maxPayloadBytes, payloadBytes })
      })
    ).pipe(Effect.provideService(Clock.Clock, clock))
  }).pipe(
    Effect.timeout(caseTimeout),
    Effect.catchCause((cause) => {
      const error = Cause.squash(cause)
      const difference = error instanceof Mismatch ? error.difference : `unexpected failure: ${Cause.pretty(cause)}`
      return Effect.fail(new ContractViolation({ case: contract.name, difference }))
    })
  )

const isRefusal = (error: unknown, { mayRefuse }: ContractCase): boolean =>
  mayRefuse !== undefined && error instanceof InvalidInput && error.field === mayRefuse

const caseTimeout = "1 minute"

const sevenMebibytes = 7 * 1024 * 1024
