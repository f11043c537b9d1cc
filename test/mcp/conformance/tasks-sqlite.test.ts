/** The official conformance suite on a server with tasks, on SQLite. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { freshFile } from "../../sqlite/database.ts"
import { runTaskScenarios, serveTasks, taskScenarios } from "./taskScenarios.ts"

describe("the conformance suite", () => {
  it.live("passes all its checks of tasks", () =>
    Effect.gen(function*() {
      const url = yield* serveTasks(SqliteTaskStorage.layer({ filename: yield* freshFile }))
      const { others, passed } = yield* runTaskScenarios(url)
      assert.deepStrictEqual(others, [])
      assert.deepStrictEqual(passed, taskScenarios)
      assert.strictEqual(Object.values(passed).reduce((sum, count) => sum + count, 0), 44)
    }), 120_000)
})
