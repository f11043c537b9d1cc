/** That a guard in SQL permits what it permits in plain code, and that a patch leaves the same row. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { makeDriver } from "../../../src/layers/SqliteTaskStorage.ts"
import { readForSummary, wrongGuards } from "../guardCases.ts"

it.effect("guards and patches mean the same in SQL and in plain code", () =>
  Effect.gen(function*() {
    const driver = yield* makeDriver({ filename: ":memory:" })
    expect(yield* wrongGuards(driver, { runs: 3000 })).toBeUndefined()
  }))

it.effect("a write that is answered with the summary reads no payload", () =>
  Effect.gen(function*() {
    const driver = yield* makeDriver({ filename: ":memory:" })
    expect(yield* readForSummary(driver)).toEqual([])
  }))
