/** Runs scenarios of the official conformance suite against a server. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

const suite = join(
  dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/package.json")),
  "dist/index.js"
)

const Checks = Schema.fromJsonString(Schema.Array(Schema.Struct({
  id: Schema.String,
  status: Schema.String,
  errorMessage: Schema.optional(Schema.String)
})))

export type Check = typeof Checks.Type[number]

/**
 * Gives what one scenario checked. No `--spec-version`: with it the suite leaves the scenarios of extensions out, and
 * succeeds.
 */
export const runScenario = (url: string, scenario: string): Effect.Effect<ReadonlyArray<Check>> =>
  Effect.scoped(Effect.gen(function*() {
    const folder = yield* Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "conformance-"))),
      (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
    )
    yield* Effect.promise(() => run(["server", "--url", url, "--scenario", scenario, "-o", folder]))
    const files = yield* Effect.promise(() => readdir(folder, { recursive: true }))
    const file = files.find((name) => name.endsWith("checks.json"))
    if (file === undefined) return yield* Effect.die(new Error(`The scenario ${scenario} told nothing`))
    return yield* Effect.orDie(
      Schema.decodeUnknownEffect(Checks)(yield* Effect.promise(() => readFile(join(folder, file), "utf8")))
    )
  }))

const run = (args: ReadonlyArray<string>): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [suite, ...args], { stdio: "ignore" })
    child.on("error", reject)
    child.on("exit", () => resolve())
  })
