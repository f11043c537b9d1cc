/** That the program runs from the package, with nothing beside it but what npm installs along. */
import { execFile, spawn } from "node:child_process"
import { mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { beforeAll, describe, expect, test } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { makeProject } from "./packed.ts"

describe("the program of the package", () => {
  let program = ""
  const folder = mkdtempSync(join(tmpdir(), "mcp-task-storage-cli-"))
  const url = `sqlite:${join(folder, "tasks.db")}`

  const run = async (...args: ReadonlyArray<string>) => {
    try {
      return { code: 0, ...await promisify(execFile)(process.execPath, [program, ...args], { cwd: folder }) }
    } catch (error) {
      return { code: 1, stdout: "", stderr: "", ...typeof error === "object" ? error : {} }
    }
  }

  beforeAll(async () => {
    const project = await makeProject()
    program = join(project, "node_modules/mcp-task-storage", manifest.bin["mcp-task-storage"])
  })

  test("begins with the line that lets a shell start it", () => {
    expect(readFileSync(program, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/)
  })

  test("makes a store and lists its tasks", async () => {
    expect(await run("--version")).toMatchObject({ code: 0, stdout: `${manifest.version}\n`, stderr: "" })
    expect(await run("migrate", "--url", url)).toMatchObject({ code: 0, stderr: "" })
    expect(await run("ls", "--url", url)).toMatchObject({ code: 0, stderr: "No such tasks.\n" })
    expect(await run("doctor", "--url", url)).toMatchObject({ code: 0, stderr: "" })
  })

  test.each([
    ["postgres://localhost/tasks", "@effect/sql-pg"],
    ["dynamodb://tasks", "@aws-sdk/client-dynamodb"]
  ])("names what %s needs", async (url, client) => {
    const { code, stderr } = await run("ls", "--url", url)
    expect(code).toBe(1)
    expect(stderr).toContain(`install ${client}`)
  })

  test("serves the page, whose parts are in the package", async () => {
    const serving = spawn(process.execPath, [program, "serve", "--url", url, "--json"])
    try {
      const line = await new Promise<string>((resolve) => serving.stdout.once("data", (text) => resolve(String(text))))
      const page = new URL(JSON.parse(line).url)
      const headers = { authorization: `Bearer ${page.searchParams.get("token")}` }
      const html = await (await fetch(`${page.origin}/`, { headers })).text()
      const script = /src="([^"]+\.js)"/.exec(html)?.[1] ?? ""
      expect((await fetch(new URL(script, page.origin), { headers })).status).toBe(200)
    } finally {
      serving.kill("SIGINT")
    }
  })
})
