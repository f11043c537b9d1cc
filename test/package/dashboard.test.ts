/** That the package holds the page ready to be sent: without a bundler, in a bundle of the user's own too, and small. */
import { build } from "esbuild"
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { gzipSync } from "node:zlib"
import { beforeAll, expect, test } from "vitest"
import { makeProject } from "./packed.ts"

const program = `
import { makeDashboard } from "mcp-task-storage/dashboard"
import { openTaskStorage } from "mcp-task-storage/promise"

const main = async () => {
  const storage = await openTaskStorage("memory:")
  const dashboard = makeDashboard(storage)
  const page = await (await dashboard(new Request("http://localhost/"))).text()
  for (const [, path] of page.matchAll(/"(\\.\\/-\\/[^"]+)"/g)) {
    const response = await dashboard(new Request(new URL(path, "http://localhost/")))
    console.log(response.status, (await response.text()).length)
  }
  await storage.close()
}

main()
`

let project = ""
beforeAll(async () => {
  project = await makeProject()
  writeFileSync(join(project, "program.mjs"), program)
})

const served = async (file: string): Promise<ReadonlyArray<string>> => {
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 110_000 })
  return stdout.trim().split("\n")
}

test("the page is served as it was built", async () => {
  const lines = await served(join(project, "program.mjs"))
  expect(lines).toHaveLength(3)
  for (const line of lines) expect(line).toMatch(/^200 \d{3,5}$/)
})

test("a bundle of a program needs nothing beside it", async () => {
  const outfile = join(mkdtempSync(join(tmpdir(), "mcp-task-storage-bundle-")), "bundle.mjs")
  await build({
    absWorkingDir: project,
    entryPoints: ["program.mjs"],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    logLevel: "silent"
  })
  expect(await served(outfile)).toEqual(await served(join(project, "program.mjs")))
})

test("it is small, and says whose work is in it", () => {
  const text = readFileSync(join(project, "node_modules/mcp-task-storage/dist/admin/dashboard/bundleAssets.js"), "utf8")
  expect(text.length).toBeLessThan(80_000)
  expect(gzipSync(text).length).toBeLessThan(25_000)
  expect(text).toContain("Permission is hereby granted")
  expect(text).not.toContain("esbuild")
})
