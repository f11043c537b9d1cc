/** What faults do to the memory backend. */
import { describe } from "@effect/vitest"
import { testSteps } from "./faults/faultTests.ts"
import { memoryTarget } from "./faults/memoryTarget.ts"

describe("memory", () => {
  testSteps(memoryTarget, { share: 0.3, patience: 0.2 })
})
