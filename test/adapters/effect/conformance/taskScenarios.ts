/** What the suite checks of tasks. */
import { assert } from "@effect/vitest"
import type { Results } from "./runSuite.ts"

/** How much each scenario checks; a release that checks more, or less, should be looked at. */
const taskScenarios = {
  "tasks-lifecycle": 9,
  "tasks-capability-negotiation": 5,
  "tasks-wire-fields": 4,
  "tasks-request-state-removal": 3,
  "tasks-mrtr-input": 4,
  "tasks-request-headers": 5,
  "tasks-dispatch-and-envelope": 9,
  "tasks-required-task-error": 3,
  "tasks-mrtr-composition": 2
}

export const isTaskScenario = (scenario: string): boolean => scenario in taskScenarios

export const passes = (results: Results, scenario: string): number =>
  (results.get(scenario) ?? []).filter(({ status }) => status === "SUCCESS").length

/** All nine scenarios, all 44 checks. */
export const assertTasksPass = (results: Results): void => {
  const scenarios = Object.keys(taskScenarios)
  const failed = scenarios.flatMap((scenario) =>
    (results.get(scenario) ?? []).filter(({ status }) => status !== "SUCCESS")
  )
  assert.deepStrictEqual(failed, [])
  const passed = Object.fromEntries(scenarios.map((scenario) => [scenario, passes(results, scenario)]))
  assert.deepStrictEqual(passed, taskScenarios)
  assert.strictEqual(Object.values(passed).reduce((sum, count) => sum + count, 0), 44)
}
