/**
 * Holds the documentation to what it says.
 *
 * Every `ts` block of the Markdown files is type-checked, and run in an empty folder of its own unless it is marked
 * `ts no-run`, on this Node and on the oldest one that the package supports. A `text` block behind it is what it prints. The npm scripts
 * that `sh` blocks call exist. What is written of PostgreSQL and DynamoDB runs on these engines, which it finds as a user's program does: by
 * the environment. So does what is written of telemetry with a collector. The blocks use the package as npm installs it.
 */
import * as Effect from "effect/Effect"
import { build, type Plugin } from "esbuild"
import { execFile } from "node:child_process"
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { beforeAll, describe, expect, onTestFinished, test } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { connection, describeWithEngine } from "../layers/dynamodb/engine.ts"
import { freshUrl } from "../layers/postgres/engine.ts"
import { OtlpReceiver } from "../opentelemetry/otlpReceiver.ts"
import { install } from "../package/packed.ts"
import { oneChecker } from "../support/oneChecker.ts"
import { perFile } from "../support/perFile.ts"
import { type Block, blocksOf, root } from "./blocksOf.ts"

const folder = join(root, ".blocks")

const bundles = join(folder, "bundles")

const pathOf = ({ document, line }: Block): string => join(document, `line-${line}`, "block")

/** Where a block is written. */
const fileOf = (block: Block): string => join(folder, `${pathOf(block)}.ts`)

/** Where it is with what it uses of the package and of Effect. */
const bundleOf = (block: Block): string => join(bundles, `${pathOf(block)}.js`)

const blocks = globSync(["*.md", "docs/**/*.md"], { cwd: root }).flatMap(blocksOf)
const typescript = blocks.filter(({ fence }) => /^(ts|typescript)\b/.test(fence))
const runnable = typescript.filter(({ fence }) => fence !== "ts no-run")
const shell = blocks.filter(({ fence }) => fence === "sh")

const run = (
  program: string,
  cwd: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) => promisify(execFile)(program, args, { cwd, timeout: 110_000, env: { ...process.env, ...env } })

/** The oldest Node that `engines` names. */
const oldest = join(root, "tools/node-22/node_modules/node/bin/node")

/** Both run bundles: they take most of their time to find and load the hundreds of modules. */
const nodes = [process.execPath, oldest]

/** What holds a driver to the contract takes seconds, and `test/runtimes` does it on the oldest Node. */
const nodesFor = ({ code }: Block) => code.includes("contractSuite") ? [process.execPath] : nodes

const runs = (env: () => Promise<Readonly<Record<string, string>>>) => async (block: Block) => {
  for (const node of nodesFor(block)) {
    // Each run begins in an empty folder.
    const cwd = mkdtempSync(join(dirname(fileOf(block)), "run-"))
    const { stdout } = await run(node, cwd, [bundleOf(block)], await env())
    if (block.output !== undefined) expect(stdout).toBe(block.output)
  }
}

/** All else is loaded from where npm installs it. */
const others: Plugin = {
  name: "others",
  setup: ({ onResolve }) =>
    onResolve(
      { filter: /^[^./]/ },
      ({ path }) =>
        /^(effect|@effect\/[^/]+|mcp-task-storage|sorted-btree)(\/|$)/.test(path) ? undefined : { external: true }
    )
}

const bundleBlocks = () =>
  build({
    entryPoints: runnable.map(fileOf),
    outbase: folder,
    outdir: bundles,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    plugins: [others],
    logLevel: "error"
  })

const isOf = (engine: string) => ({ name }: Block) => name.startsWith(`docs/${engine}.md`)
const postgres = runnable.filter(isOf("postgres"))
const dynamodb = runnable.filter(isOf("dynamodb"))
const telemetry = runnable.filter(isOf("observability"))
const plain = runnable.filter((block) => ![postgres, dynamodb, telemetry].some((blocks) => blocks.includes(block)))

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
    await bundleBlocks()
  })

  test("type-check", async () => {
    const tsc = join(root, "node_modules/typescript/bin/tsc")
    await run(process.execPath, folder, [tsc, ...oneChecker]).catch(({ stdout }) => expect.fail(stdout))
  })

  test.each([["this", process.execPath], ["the oldest", oldest]])(
    "%s Node loads every entry point",
    async (_, node) => {
      // Vitest is there where it runs tests.
      const entries = Object.keys(manifest.exports).filter((entry) => !/vitest|json/.test(entry))
      const program = join(folder, "entries.js")
      writeFileSync(program, entries.map((entry) => `import "${entry.replace(".", manifest.name)}"\n`).join(""))
      await run(node, folder, [program])
    }
  )

  test.each(plain)("$name runs", runs(async () => ({})))

  // Without a collector, the SDK of OpenTelemetry looks for one for ten seconds before it ends.
  test.each(telemetry)("$name runs, and its metrics go to a collector", async (block) => {
    const collector = new OtlpReceiver()
    onTestFinished(() => collector.close())
    const endpoint = await collector.listen()
    await runs(async () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" }))(block)
    expect(collector.exports.get("reports")).toBe(nodes.length)
  })

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
  const { stdout } = await run(oldest, root, ["--version"])
  expect(`>=${stdout.trim().slice(1)}`).toContain(manifest.engines.node)
})

test.each(shell)("$name calls npm scripts that exist", ({ code }) => {
  const called = Array.from(code.matchAll(/\bnpm (?:run (\S+)|(test))/g), ([, script, test]) => script ?? test)
  expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(called))
})
