/** The scenarios of the suite that are about tasks, held against a storage. */
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import * as McpTasks from "../../../src/mcp/index.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { serve } from "../server.ts"
import { taskTools } from "../tools.ts"
import { runScenario } from "./runScenario.ts"

/** How much each scenario checks; a release that checks more should be looked at. */
export const taskScenarios = {
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

/** A server with tasks in a storage, for whoever asks. */
export const serveTasks = <E>(storage: Layer.Layer<TaskStorage, E>) =>
  serve(
    McpTasks.layerHttp({
      name: "conformance",
      version: "1.0.0",
      path: "/mcp",
      protocols: [McpProtocol.v2026_07_28, McpProtocol.v2025_11_25],
      registrations: taskTools,
      owner: McpTasks.anonymous,
      pollInterval: 50
    }).pipe(Layer.provide(TaskRunner.layer()), Layer.provide(storage))
  )

/** Runs all of them; gives how many checks passed in each, and what failed. */
export const runTaskScenarios = Effect.fnUntraced(function*(url: string) {
  const results = yield* Effect.forEach(
    Object.keys(taskScenarios),
    (scenario) => Effect.map(runScenario(url, scenario), (checks) => ({ scenario, checks })),
    { concurrency: 4 }
  )
  return {
    passed: Object.fromEntries(
      results.map(({ checks, scenario }) => [scenario, checks.filter(({ status }) => status === "SUCCESS").length])
    ),
    others: results.flatMap(({ checks, scenario }) =>
      checks.filter(({ status }) => status !== "SUCCESS").map((check) => ({ scenario, ...check }))
    )
  }
})
