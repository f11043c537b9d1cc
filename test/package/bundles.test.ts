/**
 * That a program which names its storage by a URL can be bundled where the client of that engine alone is installed, and
 * that the bundle starts with nothing beside it.
 */
import * as Effect from "effect/Effect"
import { build as esbuild } from "esbuild"
import { execFile } from "node:child_process"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { build as vite } from "vite"
import { beforeAll, describe, expect, test } from "vitest"
import { connection, describeWithEngine, freshTable } from "../layers/dynamodb/engine.ts"
import { freshUrl } from "../layers/postgres/engine.ts"
import { perFile } from "../support/perFile.ts"
import { makeProject } from "./packed.ts"

const program = `
import { openTaskStorage } from "mcp-task-storage/promise"

const main = async () => {
  const storage = await openTaskStorage(process.env.TASKS_URL)
  const { taskId } = await storage.createTask({ originalMethod: "tools/call" })
  await storage.settleTask(taskId, { _tag: "Success", value: null })
  console.log(storage.backendName, (await storage.getTask(taskId)).status)
  await storage.close()
}

main()
`

type Format = "esm" | "cjs"

/** Parts of the AWS SDK are CommonJS, which a bundle of ES modules has to be given a \`require\` for. */
const requireForCommonJs =
  "import { createRequire as makeRequire } from \"node:module\"; const require = makeRequire(import.meta.url);"

const bundlers: { readonly [name: string]: (project: string, format: Format, outfile: string) => Promise<unknown> } = {
  esbuild: (project, format, outfile) =>
    esbuild({
      absWorkingDir: project,
      entryPoints: ["program.mjs"],
      bundle: true,
      platform: "node",
      format,
      outfile,
      logLevel: "silent",
      ...(format === "esm" ? { banner: { js: requireForCommonJs } } : {})
    }),
  vite: (project, format, outfile) =>
    vite({
      root: project,
      configFile: false,
      logLevel: "silent",
      ssr: { noExternal: true },
      build: {
        ssr: "program.mjs",
        outDir: join(outfile, ".."),
        emptyOutDir: false,
        rollupOptions: { output: { format, entryFileNames: outfile.split("/").at(-1) ?? "" } }
      }
    })
}

/** Gives the bundle. */
const bundle = async (project: string, bundler: string, format: Format): Promise<string> => {
  writeFileSync(join(project, "program.mjs"), program)
  // Away from the project, so that nothing is found beside the bundle.
  const folder = mkdtempSync(join(tmpdir(), "mcp-task-storage-bundle-"))
  const outfile = join(folder, format === "esm" ? "bundle.mjs" : "bundle.cjs")
  await bundlers[bundler]?.(project, format, outfile)
  return outfile
}

/** Runs a bundle, and gives what it prints. */
const run = async (outfile: string, env: Readonly<Record<string, string>>): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, [outfile], {
    cwd: dirname(outfile),
    timeout: 110_000,
    env: { ...process.env, ...env }
  })
  return stdout.trim()
}

const table = perFile(freshTable)

const ways = Object.keys(bundlers).flatMap((bundler) =>
  (["esm", "cjs"] as const).map((format) => ({ bundler, format }))
)

type Environment = { readonly TASKS_URL: string; readonly [name: string]: string }

/** One bundle names the storage of each of these environments. */
const tests = (
  installed: ReadonlyArray<string>,
  environments: { readonly [backend: string]: () => Promise<Environment> }
) => {
  let project = ""
  beforeAll(async () => {
    project = await makeProject(...installed)
  })

  test.each(ways)("$bundler, $format", async ({ bundler, format }) => {
    const outfile = await bundle(project, bundler, format)
    for (const [backend, env] of Object.entries(environments)) {
      expect(await run(outfile, await env())).toBe(`${backend} completed`)
    }
  })
}

describe("memory and sqlite", () =>
  tests([], {
    memory: async () => ({ TASKS_URL: "memory:" }),
    sqlite: async () => ({ TASKS_URL: "sqlite:tasks.db" })
  }))

describe("postgres", () =>
  tests(["@effect/sql-pg"], { postgres: async () => ({ TASKS_URL: await Effect.runPromise(freshUrl) }) }))

describeWithEngine("dynamodb", () =>
  tests(["@aws-sdk/client-dynamodb"], {
    dynamodb: async () => {
      const { credentials, endpoint, region } = connection()
      return {
        TASKS_URL: `dynamodb://${await Effect.runPromise(table)}?region=${region}&endpoint=${
          encodeURIComponent(endpoint)
        }`,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey
      }
    }
  }))

test("a client that was not there when the program was bundled is named", async () => {
  const project = await makeProject()
  const outfile = await bundle(project, "esbuild", "esm")
  await expect(run(outfile, { TASKS_URL: "postgres://user@localhost/tasks" })).rejects.toThrow(
    "install @effect/sql-pg, bundle again"
  )
})
