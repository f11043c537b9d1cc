/** Runs the official conformance suite against a server. */
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

type Check = typeof Checks.Type[number]

/** What each scenario checked, by its name. */
export type Results = ReadonlyMap<string, ReadonlyArray<Check>>

/**
 * Runs all scenarios, in a process of their own, which takes seconds to start: one for all of them. There is no
 * `--spec-version`: with it the suite leaves the scenarios of extensions out, and succeeds. It exits with an error where
 * any scenario fails, and some ask for what no server of a test has.
 */
export const runSuite = (url: string): Effect.Effect<Results> =>
  Effect.scoped(Effect.gen(function*() {
    const folder = yield* Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "conformance-"))),
      (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
    )
    yield* Effect.promise(() => run(["server", "--url", url, "--suite", "all", "-o", folder]))
    const folders = yield* Effect.promise(() => readdir(folder))
    return new Map(
      yield* Effect.forEach(folders, (name) =>
        Effect.promise(() =>
          readFile(join(folder, name, "checks.json"), "utf8")
        ).pipe(
          Effect.flatMap((text) => Effect.orDie(Schema.decodeUnknownEffect(Checks)(text))),
          Effect.map((checks) => [scenarioOf(name), checks] as const)
        ))
    )
  }))

/** Folders are called after the scenario and the time. */
const scenarioOf = (folder: string): string => /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(folder)?.[1] ?? folder

const run = (args: ReadonlyArray<string>): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [suite, ...args], { stdio: "ignore" })
    child.on("error", reject)
    child.on("exit", () => resolve())
  })
