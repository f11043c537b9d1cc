/** The official conformance suite, on SQLite and on PostgreSQL, and on Effect's own server. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as PostgresTaskStorage from "../../../../src/layers/PostgresTaskStorage.ts"
import * as SqliteTaskStorage from "../../../../src/layers/SqliteTaskStorage.ts"
import { freshUrl } from "../../../layers/postgres/engine.ts"
import { freshFile } from "../../../layers/sqlite/database.ts"
import { perFile } from "../../../support/perFile.ts"
import { type Results, runSuite } from "./runSuite.ts"
import { servePlain, serveTasks } from "./servers.ts"
import { assertTasksPass, isTaskScenario, passes } from "./taskScenarios.ts"

describe("the conformance suite", () => {
  // Side by side, for the suite mostly waits.
  const results = perFile(Effect.gen(function*() {
    const sqlite = SqliteTaskStorage.layer({ filename: yield* freshFile })
    const postgres = PostgresTaskStorage.layer({ url: yield* freshUrl })
    return yield* Effect.all({
      sqlite: Effect.flatMap(serveTasks(sqlite), runSuite),
      postgres: Effect.flatMap(serveTasks(postgres), runSuite),
      plain: Effect.flatMap(servePlain, runSuite)
    }, { concurrency: "unbounded" })
  }))

  it.live(
    "passes all that it checks of tasks, on SQLite",
    () => Effect.map(results, ({ sqlite }) => assertTasksPass(sqlite)),
    120_000
  )

  it.live(
    "passes all that it checks of tasks, on PostgreSQL",
    () => Effect.map(results, ({ postgres }) => assertTasksPass(postgres)),
    120_000
  )

  it.live("passes no less of the rest than without tasks", () =>
    Effect.map(results, ({ plain, sqlite }) => {
      const others = [...plain.keys()].filter((scenario) => !isTaskScenario(scenario))
      const counted = (from: Results) =>
        Object.fromEntries(others.map((scenario) => [scenario, passes(from, scenario)]))
      assert.deepStrictEqual(counted(sqlite), counted(plain))
      // That the tools are there, without which nothing is the same as nothing.
      for (const scenario of ["tools-call-image", "tools-call-sampling", "tools-call-elicitation", "tools-list"]) {
        assert.deepStrictEqual(plain.get(scenario)?.filter(({ status }) => status === "FAILURE"), [], scenario)
      }
    }), 120_000)
})
