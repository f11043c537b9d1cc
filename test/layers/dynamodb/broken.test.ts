/**
 * Holds the suite to its purpose on the real engine: a driver that forgets one of its conditions is noticed, by the case of
 * the contract that is named. The driver that forgets nothing passes in test/layers/dynamodb/contract.test.ts.
 * That the random checks notice as well is shown where runs cost less.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import { type ContractCase, fromDrivers, runCase, type StorageHarness } from "mcp-task-storage/testing"
import { perFile } from "../../support/perFile.ts"
import { caseOf } from "../caseOf.ts"
import { brokenConditions, forgettingClient } from "./brokenClients.ts"
import { emptyTable } from "./emptyTable.ts"
import { bareClient, describeWithEngine, freshTable } from "./engine.ts"
import { driverThrough } from "./storages.ts"

/** One for all drivers: to make a table takes longer than most cases. */
const table = perFile(Effect.map(freshTable, (tableName) => ({ client: bareClient(), tableName })))

/** Two drivers on the table, which is emptied for each case. */
const harnessOf = (pattern: RegExp) => {
  const pair = perFile(Effect.gen(function*() {
    const options = { tableName: (yield* table).tableName, shards: 2 }
    return {
      first: yield* driverThrough(yield* forgettingClient(pattern), options),
      second: yield* driverThrough(yield* forgettingClient(pattern), options)
    }
  }))
  const empty = Effect.flatMap(table, ({ client, tableName }) => Effect.promise(() => emptyTable(client, tableName)))
  return fromDrivers({ makeDrivers: Effect.tap(pair, () => empty) })
}

const passes = <E>(harness: StorageHarness<E>, contract: ContractCase) =>
  Effect.map(Effect.exit(runCase(harness, contract)), Exit.isSuccess)

/** Calls that have to meet do not always do. */
const rounds = 10

/** Tells whether a case fails that passes when nothing is forgotten. */
const notices = Effect.fnUntraced(function*<E>(
  { broken, good }: { readonly broken: StorageHarness<E>; readonly good: StorageHarness<E> },
  contract: ContractCase
) {
  for (let round = 0; round < rounds; round++) {
    if (!(yield* passes(broken, contract)) && (yield* passes(good, contract))) return true
  }
  return false
}, Random.withSeed(1))

describeWithEngine("DynamoDB Local", () => {
  // Finds nothing, so that nothing is forgotten.
  const good = harnessOf(/$^/)

  describe.each(brokenConditions)("a driver that forgets $name", ({ noticedBy: [subject, name], pattern }) => {
    const broken = harnessOf(pattern)

    it.live(`is noticed by the contract, under ${subject}: ${name}`, () =>
      Effect.gen(function*() {
        expect(yield* notices({ broken, good }, caseOf(subject, name))).toBe(true)
      }))
  })
})
