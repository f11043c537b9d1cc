/** What faults do to the memory backend. */
import { describe } from "@effect/vitest"
import { testSteps } from "./faultTests.ts"
import { memoryTarget } from "./memoryTarget.ts"

describe("memory", () => {
  testSteps(memoryTarget, { share: 0.3, patience: 0.2 })
})
