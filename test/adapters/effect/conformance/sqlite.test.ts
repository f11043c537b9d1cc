/** The official conformance suite, on SQLite, and beside it on Effect's own server. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SqliteTaskStorage from "../../../../src/layers/SqliteTaskStorage.ts"
import { freshFile } from "../../../layers/sqlite/database.ts"
import { runSuite } from "./runSuite.ts"
import { servePlain, serveTasks } from "./servers.ts"
import { assertTasksPass, isTaskScenario, passes } from "./taskScenarios.ts"

describe("the conformance suite", () => {
  it.live(
    "passes all that it checks of tasks, and no less of the rest than without them",
    () =>
      Effect.gen(function*() {
        const servers = [serveTasks(SqliteTaskStorage.layer({ filename: yield* freshFile })), servePlain]
        const [ours, plain] = yield* Effect.all(
          servers.map((server) => Effect.flatMap(server, runSuite)),
          { concurrency: "unbounded" }
        )
        if (ours === undefined || plain === undefined) return assert.fail("no results")
        assertTasksPass(ours)
        const others = [...plain.keys()].filter((scenario) => !isTaskScenario(scenario))
        const counted = (results: typeof ours) =>
          Object.fromEntries(others.map((scenario) => [scenario, passes(results, scenario)]))
        assert.deepStrictEqual(counted(ours), counted(plain))
        // That the tools are there, without which nothing is the same as nothing.
        for (const scenario of ["tools-call-image", "tools-call-sampling", "tools-call-elicitation", "tools-list"]) {
          assert.deepStrictEqual(plain.get(scenario)?.filter(({ status }) => status === "FAILURE"), [], scenario)
        }
      }),
    120_000
  )
})
