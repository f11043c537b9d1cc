/** What faults do to the SQLite backend. */
import { describe } from "@effect/vitest"
import { testProcesses, testSteps } from "./faultTests.ts"
import { sqliteTarget } from "./sqliteTarget.ts"

describe("sqlite", () => {
  testSteps(sqliteTarget, { share: 0.1, patience: 0.4 })
  testProcesses(sqliteTarget, { kills: 20, mostLines: 200 })
})
