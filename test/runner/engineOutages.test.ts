/** Runners whose engine is locked, or stopped and started again. */
import * as Effect from "effect/Effect"
import * as SqliteTaskStorage from "../../src/layers/SqliteTaskStorage.ts"
import { makePostgresTarget } from "../layers/faults/postgresTarget.ts"
import { bare, freshFile } from "../layers/sqlite/database.ts"
import { testEngineOutages } from "./testEngineOutages.ts"

testEngineOutages(
  "a locked SQLite file",
  Effect.gen(function*() {
    const filename = yield* freshFile
    const other = yield* bare(filename)
    return {
      driver: SqliteTaskStorage.makeDriver({ filename }),
      begin: Effect.sync(() => other.exec("BEGIN EXCLUSIVE")),
      end: Effect.sync(() => other.exec("COMMIT"))
    }
  })
)

const postgres = makePostgresTarget()

testEngineOutages(
  "PostgreSQL that crashed and starts again",
  Effect.map(postgres.freshStore, ({ openDriver }) => ({
    driver: openDriver(),
    begin: postgres.stop("at once"),
    end: postgres.start
  }))
)
