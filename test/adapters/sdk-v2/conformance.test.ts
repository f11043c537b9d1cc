/**
 * The tasks scenarios of the official conformance suite, against an SDK v2 server.
 */
import * as Effect from "effect/Effect"
import { anonymous, TasksExtension } from "mcp-task-storage/sdk-v2"
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { beforeAll, expect, test } from "vitest"
import { greetInput, registerConformanceTools } from "./conformanceTools.ts"
import { serveUntilClosed } from "./serve.ts"

/** How many checks each scenario makes. A suite that made fewer would not have looked. */
const scenarios = [
  ["tasks-lifecycle", 9],
  ["tasks-capability-negotiation", 5],
  ["tasks-wire-fields", 4],
  ["tasks-request-state-removal", 3],
  ["tasks-mrtr-input", 4],
  ["tasks-request-headers", 5],
  ["tasks-dispatch-and-envelope", 9],
  ["tasks-required-task-error", 3],
  ["tasks-mrtr-composition", 2]
] as const

const program = fileURLToPath(import.meta.resolve("@modelcontextprotocol/conformance/dist/index.js"))

const run = (scenario: string, url: string, cwd: string): Promise<string> =>
  new Promise((resolve) => {
    // Without --spec-version, which would skip the scenarios of extensions.
    const args = [program, "server", "--url", url, "--scenario", scenario]
    execFile(process.execPath, args, { cwd, timeout: 110_000 }, (error, stdout, stderr) => {
      resolve(`${stdout}\n${stderr}${error === null ? "" : `\nexit ${error.code}`}`)
    })
  })

/** What the suite says of each scenario. Three run at once, for they mostly wait. */
let reports: ReadonlyMap<string, string> = new Map()

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "conformance-"))
  const tasks = new TasksExtension({
    storage: `sqlite:${join(folder, "tasks.db")}`,
    owner: anonymous,
    pollInterval: 100,
    shutdownTimeout: 0
  })
  registerConformanceTools(tasks)
  const { close, url } = await serveUntilClosed(tasks, (server) => {
    server.registerTool("greet", { inputSchema: greetInput }, ({ name }) => ({
      content: [{ type: "text", text: `Hello, ${name}!` }]
    }))
  })
  const report = ([scenario]: typeof scenarios[number]) =>
    Effect.promise(async () => [scenario, await run(scenario, url, folder)] as const)
  reports = new Map(await Effect.runPromise(Effect.forEach(scenarios, report, { concurrency: 3 })))
  return async () => {
    await close()
    rmSync(folder, { recursive: true, force: true })
  }
}, 360_000)

test.each(scenarios)("%s: all %i checks", (scenario, checks) => {
  expect(reports.get(scenario)).toMatch(new RegExp(`Passed: ${checks}/${checks}, 0 failed, 0 warnings`))
})
