/**
 * The demo holds where tasks are durable, and says so where they are not.
 */
import { execFile } from "node:child_process"
import { join } from "node:path"
import { expect, test } from "vitest"

const demo = join(import.meta.dirname, "../../examples/demo/main.ts")

interface Ended {
  readonly code: number | null
  readonly output: string
  /** What the servers wrote to stderr. */
  readonly log: string
}

const run = (...args: ReadonlyArray<string>): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ["--conditions=mcp-task-storage-source", demo, ...args],
      { timeout: 100_000 },
      (_error, output, log) => resolve({ code: child.exitCode, output, log })
    )
  })

test("on a SQLite file every check of the demo holds", async () => {
  const { code, log, output } = await run()
  expect(output).toMatch(/^All \d+ checks hold/m)
  expect(code).toBe(0)
  // The cancelled report would otherwise have gone on for seconds, and this line would be missing.
  expect(log.match(/^Stopped working on task/gm)).toHaveLength(1)
})

test("on a storage that ends with its process the demo fails", async () => {
  const { code, output } = await run("memory:")
  expect(output).toMatch(/^The story ends early: .*Task not found/m)
  expect(code).toBe(1)
})
