/**
 * That the package works on every runtime that the README names: the contract, a server with tasks whose process is killed, and the command
 * line. The other tests run on the Node of the project.
 */
import * as Effect from "effect/Effect"
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { promisify } from "node:util"
import { beforeAll, describe, expect, onTestFinished, test } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { RawClient } from "../adapters/sdk-v2/RawClient.ts"
import { freshUrl } from "../layers/postgres/engine.ts"
import { root } from "../package/pack.ts"
import { makeProject } from "../package/packed.ts"

const runtimes: ReadonlyArray<readonly [name: string, program: string, ...args: ReadonlyArray<string>]> = [
  ["Node 22", "tools/node-22/node_modules/node/bin/node"],
  ["Node 24", "node_modules/.bin/node"],
  ["Bun", "node_modules/.bin/bun"],
  // Its own file, and not the script that starts it: a signal has to reach it.
  ["Deno", "node_modules/deno/deno", "run", "--allow-all"]
]

const peers = ["@effect/sql-pg", "@modelcontextprotocol/node", "@modelcontextprotocol/server", "zod"]

let project = ""
beforeAll(async () => {
  project = await makeProject(...peers)
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }))
  for (const program of ["common.cjs", "contract.ts", "server.ts"]) {
    copyFileSync(join(import.meta.dirname, "programs", program), join(project, program))
  }
})

const folder = mkdtempSync(join(tmpdir(), "mcp-task-storage-runtimes-"))

let files = 0
const freshFile = () => join(folder, `${files++}.db`)

describe.each(runtimes)("%s", (name, program, ...args) => {
  const run = async (...more: ReadonlyArray<string>) =>
    (await promisify(execFile)(join(root, program), [...args, ...more], { cwd: project })).stdout

  /** Starts a server whose tool takes so long. */
  const serve = async (url: string, milliseconds: number): Promise<{ client: RawClient; server: ChildProcess }> => {
    const server = spawn(join(root, program), [...args, "server.ts", url, String(milliseconds)], {
      cwd: project,
      stdio: ["ignore", "pipe", "inherit"]
    })
    onTestFinished(() => void server.kill("SIGKILL"))
    const [port] = await Promise.race([
      once(createInterface(server.stdout), "line"),
      once(server, "exit").then(() => Promise.reject(new Error("The server did not start")))
    ])
    return { client: new RawClient({ url: `http://127.0.0.1:${port}/mcp` }), server }
  }

  test("a program of CommonJS requires the package", async () => {
    expect((await run("common.cjs")).trim()).toBe("completed")
  })

  // The contract tests of the engines run on Node 24.
  const embedded = [["memory", 500, async () => ""], ["sqlite", 500, async () => freshFile()]] as const
  const engines = name === "Node 24" ? [] : [
    ...embedded,
    // The client is that of Node 24 on any Node.
    ...name === "Node 22" ? [] : [["postgres", 150, () => Effect.runPromise(freshUrl)] as const]
  ]
  test.each(engines)(
    "%s does what the contract says",
    async (engine, least, makePlace) => {
      const { checks, violations } = JSON.parse(await run("contract.ts", engine, await makePlace()))
      expect(violations).toEqual([])
      expect(checks).toBeGreaterThan(least)
    }
  )

  test.each([
    ["SQLite", async () => `sqlite:${freshFile()}`],
    ["PostgreSQL", () => Effect.runPromise(freshUrl)]
  ])("a server with tasks in %s is killed, and the next one ends its task", async (_, makeUrl) => {
    const url = await makeUrl()
    const first = await serve(url, 60_000)
    const lost = await first.client.start("report", { title: "May" })
    await first.client.until(lost, "working")
    first.server.kill("SIGKILL")
    await once(first.server, "exit")

    const { client } = await serve(url, 0)
    expect(await client.until(lost, "completed")).toMatchObject({ result: { content: [{ text: "May, attempt 2" }] } })
    const own = await client.start("report", { title: "June" })
    expect(await client.until(own, "completed")).toMatchObject({ result: { content: [{ text: "June, attempt 1" }] } })

    const main = join(project, "node_modules/mcp-task-storage", manifest.bin["mcp-task-storage"])
    const listed = (await run(main, "ls", "--json", "--url", url)).trim().split("\n")
    expect(listed.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ taskId: own, status: "completed" }),
      expect.objectContaining({ taskId: lost, status: "completed" })
    ])
  })
})
