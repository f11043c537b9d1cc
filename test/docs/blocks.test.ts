/**
 * Holds the documentation to what it says.
 *
 * Every `ts` block of the Markdown files is type-checked, and run in an empty folder of its own unless it is marked
 * `ts no-run`, on this Node and on the oldest one that the package supports. A `text` block behind it is what it prints. The npm scripts that `sh` blocks call exist. What is written
 * of PostgreSQL and DynamoDB runs on these engines, which it finds as a user's program does: by the environment. The blocks use the package
 * as npm installs it.
 */
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { beforeAll, describe, expect, test } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { connection, describeWithEngine } from "../layers/dynamodb/engine.ts"
import { freshUrl } from "../layers/postgres/engine.ts"
import { install } from "../package/packed.ts"
import { oneChecker } from "../support/oneChecker.ts"
import { perFile } from "../support/perFile.ts"
import { type Block, blocksOf, root } from "./blocksOf.ts"

const folder = join(root, ".blocks")

/** Where a block is written. */
const fileOf = ({ document, line }: Block): string => join(folder, document, `line-${line}`, "block.ts")

const blocks = globSync(["*.md", "docs/**/*.md"], { cwd: root }).flatMap(blocksOf)
const typescript = blocks.filter(({ fence }) => /^(ts|typescript)\b/.test(fence))
const runnable = typescript.filter(({ fence }) => fence !== "ts no-run")
const shell = blocks.filter(({ fence }) => fence === "sh")

const run = (
  program: string,
  cwd: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) => promisify(execFile)(program, args, { cwd, timeout: 25_000, env: { ...process.env, ...env } })

/** The oldest Node that `engines` names, beside the one that runs the tests. */
const runtimes = [process.execPath, join(root, "tools/node-22/node_modules/node/bin/node")]

const runs = (env: () => Promise<Readonly<Record<string, string>>>) => async (block: Block) => {
  const file = fileOf(block)
  for (const runtime of runtimes) {
    // Each run begins in an empty folder.
    const cwd = mkdtempSync(join(dirname(file), "run-"))
    const { stdout } = await run(runtime, cwd, [file], await env())
    if (block.output !== undefined) expect(stdout).toBe(block.output)
  }
}

const isOf = (engine: string) => ({ name }: Block) => name.startsWith(`docs/${engine}.md`)
const postgres = runnable.filter(isOf("postgres"))
const dynamodb = runnable.filter(isOf("dynamodb"))
const others = runnable.filter((block) => !postgres.includes(block) && !dynamodb.includes(block))

const database = perFile(freshUrl)

describe("TypeScript blocks", () => {
  beforeAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await install(join(folder, "node_modules"))
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
    for (const block of typescript) {
      const file = fileOf(block)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, block.code)
    }
    const project = {
      extends: "../tsconfig.json",
      files: typescript.map(fileOf),
      include: [],
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false }
    }
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project))
  })

  test("type-check", async () => {
    const tsc = join(root, "node_modules/typescript/bin/tsc")
    await run(process.execPath, folder, [tsc, ...oneChecker]).catch(({ stdout }) => expect.fail(stdout))
  })

  test.each(others)("$name runs", runs(async () => ({})))

  test.each(postgres)("$name runs", runs(async () => ({ DATABASE_URL: await Effect.runPromise(database) })))

  describeWithEngine("with DynamoDB", () => {
    test.each(dynamodb)(
      "$name runs",
      runs(async () => {
        const { credentials, endpoint, region } = connection()
        return {
          AWS_ENDPOINT_URL_DYNAMODB: endpoint,
          AWS_REGION: region,
          AWS_ACCESS_KEY_ID: credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey
        }
      })
    )
  })
})

test("the oldest Node that the blocks run on is the one that the package names", async () => {
  const { stdout } = await run(runtimes[1] ?? "", root, ["--version"])
  expect(`>=${stdout.trim().slice(1)}`).toContain(manifest.engines.node)
})

test.each(shell)("$name calls npm scripts that exist", ({ code }) => {
  const called = Array.from(code.matchAll(/\bnpm (?:run (\S+)|(test))/g), ([, script, test]) => script ?? test)
  expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(called))
})
