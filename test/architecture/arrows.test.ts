/** That the linter holds the arrows of the architecture: each folder imports what is listed for it here, and nothing else. */
import { execFile } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"

const root = join(import.meta.dirname, "../..")

const adapters = ["src/adapters/effect", "src/adapters/sdk-v1", "src/adapters/sdk-v2"] as const

const folders = [
  "src/domain",
  "src/layers",
  "src/layers/sqlite",
  "src/runner",
  "src/runner/queue",
  "src/protocol",
  "src/admin",
  "src/admin/cli",
  "src/admin/cli/commands",
  "src/admin/dashboard",
  "src/promise",
  "src/opentelemetry",
  ...adapters,
  "src/testing",
  "src/testing/contract"
] as const

type Folder = (typeof folders)[number]

const packages = [
  "effect/Effect",
  "@aws-sdk/client-dynamodb",
  "@effect/opentelemetry/OtelTracer",
  "@effect/sql-pg/PgClient",
  "@effect/vitest",
  "@modelcontextprotocol/sdk/types.js",
  "@modelcontextprotocol/server",
  "@opentelemetry/api",
  "mcp-task-storage",
  "node:fs",
  "sorted-btree/extended/index.js",
  "vitest"
] as const

type Package = (typeof packages)[number]

const engines = [
  "@aws-sdk/client-dynamodb",
  "@effect/sql-pg/PgClient",
  "node:fs",
  "sorted-btree/extended/index.js"
] as const
const runner = ["src/runner", "src/runner/queue"] as const
const protocol = ["src/domain", ...runner, "src/protocol"] as const

/** What each folder may import beside itself and Effect. */
const allowed: Readonly<Record<Folder, ReadonlyArray<Folder | Package>>> = {
  "src/domain": [],
  "src/layers": ["src/domain", "src/layers/sqlite", ...engines],
  "src/layers/sqlite": ["src/domain", "src/layers", ...engines],
  "src/runner": ["src/domain", "src/runner/queue"],
  "src/runner/queue": ["src/domain", "sorted-btree/extended/index.js"],
  "src/protocol": ["src/domain", ...runner],
  "src/admin": ["src/domain"],
  "src/admin/cli": ["src/domain", "src/admin", "src/admin/cli/commands", "src/admin/dashboard", "node:fs"],
  "src/admin/cli/commands": ["src/domain", "src/admin", "src/admin/cli", "src/admin/dashboard", "node:fs"],
  "src/admin/dashboard": ["src/domain", "src/admin"],
  "src/promise": ["src/domain", "src/layers", "src/layers/sqlite", ...runner, "src/admin", "src/admin/dashboard"],
  "src/opentelemetry": ["src/domain", "src/promise", "@effect/opentelemetry/OtelTracer", "@opentelemetry/api"],
  "src/adapters/effect": protocol,
  "src/adapters/sdk-v1": [...protocol, "src/promise", "@modelcontextprotocol/sdk/types.js"],
  "src/adapters/sdk-v2": [...protocol, "src/promise", "@modelcontextprotocol/server"],
  "src/testing": ["src/domain", "src/testing/contract"],
  "src/testing/contract": ["src/domain", "src/testing"]
}

const cases = folders.flatMap((from) => [...folders, ...packages].map((to) => ({ from, to })))

/** One file for each import, so that a complaint names the file. */
const fileOf = ({ from, to }: { readonly from: string; readonly to: string }): string =>
  `${from}/imports-${to.replaceAll(/[^a-z0-9]/gi, "_")}.ts`

const specifierOf = ({ from, to }: { readonly from: string; readonly to: string }): string => {
  if (!to.startsWith("src/")) return to
  const path = relative(from, `${to}/target.ts`)
  return path.startsWith(".") ? path : `./${path}`
}

/** The files whose import the linter refuses. */
const lint = async (): Promise<ReadonlySet<string>> => {
  const copy = mkdtempSync(join(tmpdir(), "mcp-task-storage-arrows-"))
  copyFileSync(join(root, ".oxlintrc.json"), join(copy, ".oxlintrc.json"))
  for (const arrow of cases) {
    const file = join(copy, fileOf(arrow))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `import "${specifierOf(arrow)}"\n`)
  }
  const oxlint = join(root, "node_modules/oxlint/bin/oxlint")
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [oxlint, "--format=unix"], { cwd: copy }, (_, stdout) => resolve(stdout))
  })
  const complaints = output.split("\n").filter((line) => line.includes("no-restricted-imports"))
  return new Set(complaints.flatMap((line) => /src\/[^:]+\.ts/.exec(line) ?? []))
}

describe("the linter", () => {
  let refused: ReadonlySet<string> = new Set()
  beforeAll(async () => {
    refused = await lint()
  })

  test.each(cases)("judges an import of $to in $from", (arrow) => {
    const { from, to } = arrow
    const isAllowed = from === to || to === "effect/Effect" || allowed[from].includes(to)
    expect(refused.has(fileOf(arrow))).toBe(!isAllowed)
  })
})
