/**
 * The tasks scenarios of the official conformance suite, against an SDK v2 server.
 */
import { anonymous, TasksExtension } from "mcp-task-storage/sdk-v2"
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, onTestFinished, test } from "vitest"
import { greetInput, registerConformanceTools } from "./conformanceTools.ts"
import { serve } from "./serve.ts"

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

test.each(scenarios)("%s: all %i checks", { timeout: 120_000 }, async (scenario, checks) => {
  const folder = mkdtempSync(join(tmpdir(), "conformance-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const tasks = new TasksExtension({
    storage: `sqlite:${join(folder, "tasks.db")}`,
    owner: anonymous,
    pollInterval: 100,
    shutdownTimeout: 0
  })
  registerConformanceTools(tasks)
  const { url } = await serve(tasks, (server) => {
    server.registerTool("greet", { inputSchema: greetInput }, ({ name }) => ({
      content: [{ type: "text", text: `Hello, ${name}!` }]
    }))
  })
  const report = await run(scenario, url, folder)
  expect(report).toMatch(new RegExp(`Passed: ${checks}/${checks}, 0 failed, 0 warnings`))
})
