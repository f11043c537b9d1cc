/** What faults do to the PostgreSQL backend. */
import { describe } from "@effect/vitest"
import { testNetwork, testProcesses, testRestarts, testSteps } from "./faultTests.ts"
import { makePostgresTarget } from "./postgresTarget.ts"

describe("postgres", () => {
  const target = makePostgresTarget()
  testSteps(target, { share: 0.03, patience: 2 })
  testProcesses(target, { kills: 20, mostLines: 200 })
  testNetwork(target)
  testRestarts(target)
})
