/**
 * Holds shared statements to the contract: every write of these drivers goes through one, if it may. Such writes insert tasks without
 * limits, and patch tasks.
 */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { contractSuite, fromDrivers } from "mcp-task-storage/testing"
import { registerSuite } from "../../../src/testing/registerSuite.ts"
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

/** What never comes to a write that is shared, or only reads what one has inserted, as the reference model does too. */
const subjectsOfOthers = [
  "lists",
  "filters",
  "stats",
  "turns of sessions and kinds",
  "kinds of tasks",
  "limits",
  "messages",
  "maintenance",
  "inspection",
  "bad input",
  "bad input: tasks",
  "bad input: claims and workers",
  "closed options",
  "what JSON cannot carry"
]

const groups = contractSuite.filter(({ subject }) => !subjectsOfOthers.includes(subject))

registerSuite("postgres, where all writes share", groups, fromDrivers({ makeDrivers }), { runs: runsOr(100) })

it("the subjects of others are subjects of the contract", () => {
  expect(contractSuite.map(({ subject }) => subject)).toEqual(expect.arrayContaining(subjectsOfOthers))
})

it.live("guards and patches mean the same in SQL and in plain code", () =>
  Effect.gen(function*() {
    const { first } = yield* makeDrivers
    expect(yield* wrongGuards(first, { runs: 600 })).toBeUndefined()
  }))
