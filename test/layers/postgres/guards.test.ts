/** That a guard in SQL permits what it permits in plain code, and that a patch leaves the same row. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { makeDriver } from "../../../src/layers/PostgresTaskStorage.ts"
import { readForSummary, wrongGuards } from "../guardCases.ts"
import { freshUrl } from "./engine.ts"

it.live("guards and patches mean the same in SQL and in plain code", () =>
  Effect.gen(function*() {
    const driver = yield* makeDriver({ url: yield* freshUrl, notifications: false })
    expect(yield* wrongGuards(driver, { runs: 1500 })).toBeUndefined()
  }))

it.live("a write that is answered with the summary reads no payload", () =>
  Effect.gen(function*() {
    const driver = yield* makeDriver({ url: yield* freshUrl, notifications: false })
    expect(yield* readForSummary(driver)).toEqual([])
  }))
