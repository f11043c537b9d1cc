/**
 * Holds the suite to its purpose: every driver that is wrong on purpose is noticed, by a case of the contract under the
 * subject that it names and by the random checks that it names, on a sequence that the good driver passes. That the good driver passes
 * everything else is shown in test/layers/memory/contract.test.ts.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import { makeDriver, makeStore } from "mcp-task-storage/memory"
import {
  brokenDrivers,
  checkLinearizability,
  checkModel,
  type CheckOptions,
  contractSuite,
  type ContractViolation,
  fromDrivers,
  runCase,
  sharingStorage,
  type StorageHarness
} from "mcp-task-storage/testing"
import type { TaskDriver } from "../../src/domain/driver/TaskDriver.ts"
import type { InvalidInput } from "../../src/domain/task/TaskError.ts"

const harnessOf = (breakDriver: (good: TaskDriver) => TaskDriver) =>
  fromDrivers({
    makeDrivers: Effect.map(makeStore, (store) => ({
      first: breakDriver(makeDriver(store)),
      second: breakDriver(makeDriver(store))
    }))
  })

const good = harnessOf((driver) => driver)

/** The name of the first case of a subject that fails. */
const firstFailure = Effect.fnUntraced(function*<E>(harness: StorageHarness<E>, subject: string) {
  const cases = contractSuite.flatMap((group) => group.subject === subject ? group.cases : [])
  for (const contract of cases) {
    if (Exit.isFailure(yield* Effect.exit(runCase(harness, contract)))) return contract.name
  }
  return undefined
}, Random.withSeed(1))

// Nobody reads the sequence that fails, so that it is not made shorter, which takes as long as thousands of runs.
const options = { maxShrinks: 0, runs: 1_000 }

/**
 * What one seed does not come upon, another one does: each new command changes what a seed gives. Many seeds with few runs find
 * more than few with many, because the first runs of each are small. Those of a check come upon most mistakes soon.
 */
const seeds = { model: [11, 12, 13, 14, 15], linearizability: [4, 2, 1, 7, 3] }
const random = { model: checkModel, linearizability: checkLinearizability }

type RandomCheck = keyof typeof random

const checked = <E>(check: RandomCheck, harness: StorageHarness<E>, which: Pick<CheckOptions, "replay" | "seed">) =>
  random[check](harness, { ...options, ...which })

/** The first failure that a seed comes upon. */
const firstViolation = <E>(check: RandomCheck, harness: StorageHarness<E>) =>
  Effect.flip(Effect.forEach(seeds[check], (seed) => checked(check, harness, { seed }), { discard: true }))

/** The token that makes the failure again. */
const replayOf = ({ difference }: ContractViolation) => /^Replay: (.+)$/m.exec(difference)?.[1]

// Beside each other: a case that waits for what never comes takes its seconds.
describe.concurrent("the contract notices a driver that", () => {
  it.live.each(brokenDrivers)("$name", ({ breakDriver, subject }) =>
    Effect.gen(function*() {
      expect(yield* firstFailure(harnessOf(breakDriver), subject)).toBeDefined()
    }))
})

describe.each(["model", "linearizability"] as const)("the check of %s notices a driver that", (check) => {
  it.live.each(brokenDrivers.filter(({ checks }) => checks.includes(check)))(
    "$name",
    ({ breakDriver }) =>
      Effect.gen(function*() {
        const replay = replayOf(yield* firstViolation(check, harnessOf(breakDriver)))
        expect(replay).toBeDefined()
        // Nothing but the mistake is to blame. A sequence that is repeated is to fail, so that this is a failure too.
        const { difference } = yield* Effect.flip(checked(check, good, { replay }))
        expect(difference).toBe("Property replay failed: PropertyPassed")
      })
  )
})

it.live("a storage that hands out what it keeps is noticed by the contract, under payloads", () =>
  Effect.gen(function*() {
    const sharing: StorageHarness<InvalidInput> = {
      open: (options) =>
        Effect.map(good.open(options), ({ first, second }) => ({
          first: sharingStorage(first),
          second: sharingStorage(second)
        }))
    }
    expect(yield* firstFailure(sharing, "payloads")).toBe("does not change with what the caller does to the answers")
  }))

it("every mistake has a name of its own, and a subject of the suite", () => {
  expect(new Set(brokenDrivers.map(({ name }) => name)).size).toBe(brokenDrivers.length)
  const subjects = contractSuite.map((group) => group.subject)
  for (const { subject } of brokenDrivers) expect(subjects).toContain(subject)
})
