/** What `pause` and `resume` do, on each engine. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runCommand } from "./runCommand.ts"
import { seededStore, sqlite, stores } from "./stores.ts"

const kinds: ReadonlyArray<readonly [flags: ReadonlyArray<string>, shown: string]> = [
  [["--name", "report"], "report (tools/call)"],
  [["--unnamed", "--method", "prompts/get"], "tasks of prompts/get without a name"],
  [["--method", "tools/call"], "all tasks of tools/call"]
]

for (const store of stores) {
  store.describe(store.name, () => {
    it.live("a kind is paused until it is resumed, and stats shows it", () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(store)
        for (const [flags, shown] of kinds) {
          const paused = yield* runCommand(["pause", ...flags, "--url", url])
          assert.deepInclude(paused, { code: 0, err: "" })
          assert.include(paused.out, `Paused: ${shown}.`)
          assert.include((yield* runCommand(["stats", "--url", url])).out, `: ${shown}\n`)
          const resumed = yield* runCommand(["resume", ...flags, "--url", url])
          assert.include(resumed.out, `Resumed: ${shown}.`)
          assert.notInclude((yield* runCommand(["stats", "--url", url])).out, "Paused")
          assert.include((yield* runCommand(["resume", ...flags, "--url", url])).out, `Not paused: ${shown}.`)
        }
      }))
  })
}

describe("a kind that is none", () => {
  it.live("is refused", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      for (const command of ["pause", "resume"]) {
        for (const flags of [[], ["--name", "report", "--unnamed"]]) {
          const { code } = yield* runCommand([command, ...flags, "--url", url])
          assert.strictEqual(code, 2)
        }
      }
      assert.notInclude((yield* runCommand(["stats", "--url", url])).out, "Paused")
    }))
})
