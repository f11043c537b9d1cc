/** That files of the third schema version open with all that is in them, and that processes of it go on to work. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { DatabaseSync, SQLInputValue } from "node:sqlite"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { checkOpens, checkRollingDeploy, type OldProcess } from "../rollingDeploy.ts"
import { bare, freshFile, open, schemaOf } from "./database.ts"
import { firstSchema, firstTriggers } from "./firstVersion.ts"
import { secondStep } from "./secondVersion.ts"
import { thirdClaim, thirdClaimable, thirdInsert, thirdRelease, thirdStep, thirdTouch } from "./thirdVersion.ts"

const now = Date.now()

/** A row of the third version, in the order of its insert. */
const row = (taskId: string, lease: number | null): Array<SQLInputValue> => [
  taskId,
  "s",
  "working",
  now,
  now,
  null,
  500,
  1,
  null,
  `"m"`,
  null,
  null,
  "incarnation",
  0,
  lease,
  `"n"`,
  `"00-a-b-01"`,
  null,
  null,
  ...Array.from({ length: 9 }, () => null)
]

/** The statements of a process that runs on. */
const oldProcess = (database: DatabaseSync): OldProcess<never> => {
  const [insert, claimable, claim, touch, release] = [
    database.prepare(thirdInsert),
    database.prepare(thirdClaimable),
    database.prepare(thirdClaim),
    database.prepare(thirdTouch),
    database.prepare(thirdRelease)
  ]
  return {
    create: (taskId, lease) => Effect.sync(() => assert.lengthOf(insert.all(...row(taskId, lease)), 1)),
    claimable: (by) => Effect.sync(() => claimable.all(0, by, by, 50).map((found) => String(found["task_id"]))),
    claim: (taskId, attempt, revision, lease) =>
      Effect.sync(() => claim.all(now, attempt + 1, lease, taskId, now, revision, "incarnation").length === 1),
    touch: (taskId, attempt, lease) => Effect.sync(() => touch.all(lease, taskId, now, attempt).length === 1),
    release: (taskId, attempt, lease) => Effect.sync(() => release.all(now, lease, taskId, now, attempt).length === 1)
  }
}

/** A file as the version before left it. */
const oldFile = Effect.gen(function*() {
  const filename = yield* freshFile
  const database = yield* bare(filename)
  database.exec("PRAGMA journal_mode = WAL")
  for (const statement of [...firstSchema, ...secondStep, ...thirdStep, ...firstTriggers]) database.exec(statement)
  return { filename, old: oldProcess(database), database }
})

describe("a file of the third schema version", () => {
  it("was made by the very statements of the third step", () => {
    const [, , third] = Result.getOrThrow(SqliteTaskStorage.migrations())
    assert.deepStrictEqual(third?.statements, thirdStep)
  })

  it.live("opens with what waits and what is held in it", () =>
    Effect.gen(function*() {
      const { filename, old } = yield* oldFile
      yield* checkOpens(old, open({ filename }))
    }))

  it.live("ends up as a new file does", () =>
    Effect.gen(function*() {
      const { database, filename } = yield* oldFile
      yield* open({ filename })
      const fresh = yield* freshFile
      yield* open({ filename: fresh, maxTasks: 5 })
      assert.deepEqual(schemaOf(database), schemaOf(yield* bare(fresh)))
    }))
})

describe("a process of the third schema version", () => {
  it.live("works beside one that has made the fourth, and nobody takes what the other holds", () =>
    Effect.gen(function*() {
      const { filename, old } = yield* oldFile
      yield* checkRollingDeploy(old, yield* open({ filename }))
    }))
})
