/** Holds shared statements to the contract: every write of these drivers goes through one. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fromDrivers } from "mcp-task-storage/testing"
import { taskStorageSuite } from "mcp-task-storage/testing/vitest"
import { perFile } from "../../support/perFile.ts"
import { runsOr } from "../../support/runs.ts"
import { wrongGuards } from "../guardCases.ts"
import { connect, emptied, openPair } from "./database.ts"
import { postgres } from "./engine.ts"
import { sharingEveryTurn } from "./everyTurn.ts"

const pair = perFile(Effect.gen(function*() {
  const server = yield* postgres
  const name = yield* server.database
  // The writes go by the drivers, which therefore tell nobody of them.
  const opened = yield* openPair(server, name, false)
  const sql = yield* connect(server.url(name), { maxConnections: 10 })
  return {
    ...opened,
    first: sharingEveryTurn(opened.first, sql),
    second: sharingEveryTurn(opened.second, sql)
  }
}))

const makeDrivers = Effect.flatMap(pair, emptied)

taskStorageSuite("postgres, where all writes share", fromDrivers({ makeDrivers }), { runs: runsOr(150) })

it.live("guards and patches mean the same in SQL and in plain code", () =>
  Effect.gen(function*() {
    const { first } = yield* makeDrivers
    expect(yield* wrongGuards(first, { runs: 600 })).toBeUndefined()
  }))
