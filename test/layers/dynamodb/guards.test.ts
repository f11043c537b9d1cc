/** That conditions permit what guards permit in plain code, and that a patch leaves the same row, by every way there is. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readForSummary, wrongGuards } from "../guardCases.ts"
import { text } from "../storedTask.ts"
import { describeWithEngine, freshTable } from "./engine.ts"
import { randomText } from "./randomText.ts"
import { driverOn } from "./storages.ts"

const cases = [
  { name: "of plain tasks", runs: 600, fields: {} },
  { name: "of counted tasks", runs: 100, fields: {}, bounds: { maxTasks: 1_000_000, maxTasksPerSession: null } },
  { name: "of tasks with a compressed payload", runs: 50, fields: { originalParams: text("x".repeat(450_000)) } },
  { name: "of tasks with a payload in parts", runs: 30, fields: { originalParams: text(randomText(600_000)) } }
]

describeWithEngine("guards and patches mean the same in DynamoDB and in plain code", () => {
  it.live.each(cases)("$name", (options) =>
    Effect.gen(function*() {
      const driver = yield* driverOn(yield* freshTable)
      expect(yield* wrongGuards(driver, options)).toBeUndefined()
    }))

  it.live("a write that is answered with the summary reads no payload", () =>
    Effect.gen(function*() {
      expect(yield* readForSummary(yield* driverOn(yield* freshTable))).toEqual([])
    }))
})
