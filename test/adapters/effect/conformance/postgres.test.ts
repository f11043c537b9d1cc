/** The official conformance suite, on PostgreSQL. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as PostgresTaskStorage from "../../../../src/layers/PostgresTaskStorage.ts"
import { freshUrl } from "../../../layers/postgres/engine.ts"
import { runSuite } from "./runSuite.ts"
import { serveTasks } from "./servers.ts"
import { assertTasksPass } from "./taskScenarios.ts"

describe("the conformance suite", () => {
  it.live("passes all that it checks of tasks", () =>
    Effect.gen(function*() {
      const storage = PostgresTaskStorage.layer({ url: yield* freshUrl })
      assertTasksPass(yield* Effect.flatMap(serveTasks(storage), runSuite))
    }), 120_000)
})
