/**
 * The page as the documentation shows it: a busy hour of a server of reports. With MCP_TASK_STORAGE_PICTURES=1 this draws the pictures
 * in `docs/images` anew.
 */
import { openTaskStorage, type PromiseTaskStorage } from "mcp-task-storage/promise"
import { mkdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Page } from "playwright-core"
import { expect, test } from "vitest"
import { describeWithBrowser, openBrowserPage } from "../../support/browser.ts"
import { servePage } from "./servedPage.ts"

const images = join(import.meta.dirname, "../../../docs/images")
const minute = 60_000

const failure = (name: string, message: string, at: string) => ({
  name,
  message,
  at,
  stack: `${name}: ${message}
    at readRows (file:///srv/reports/src/tables.ts:88:11)
    at renderPage (file:///srv/reports/src/pages.ts:41:22)
    at async report (file:///srv/reports/src/tools.ts:17:5)`
})

/** Numbers that look like chance, and are the same each time. */
const chance = () => {
  let state = 42
  return (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
}

const tools = [
  ["report", 4],
  ["search_documents", 1],
  ["send_newsletter", 9],
  ["publish", 2]
] as const

const reasons = [
  ["RowsMissing", "The table of page 7 has no rows"],
  ["TimeoutError", "The database did not answer within 30 s"]
] as const

/** Stores an hour of tasks, and gives the one that the pictures are about. */
const seed = async (storage: PromiseTaskStorage): Promise<string> => {
  const now = Date.now()
  const below = chance()
  const iso = (ago: number): string => new Date(now - ago).toISOString()
  for (let count = 0; count < 400; count++) {
    const [name, minutes] = tools[below(tools.length)] ?? tools[0]
    const created = (59 * minute * (400 - count)) / 400
    const took = Math.floor((minutes * minute * (50 + below(100))) / 100)
    const ended = iso(created - took)
    const task = {
      originalMethod: "tools/call",
      name,
      originalParams: { name, arguments: { title: "Weather", pages: 10 } },
      createdAt: iso(created),
      sessionId: `client-${below(5)}`,
      ttl: 86_400_000
    }
    if (took > created) {
      await storage.createTask({ ...task, statusMessage: `Page ${1 + below(9)} of 10` })
    } else if (below(12) === 0) {
      const [reason, message] = reasons[below(reasons.length)] ?? reasons[0]
      await storage.createTask({
        ...task,
        status: "failed",
        lastUpdatedAt: ended,
        statusMessage: "Page 7 of 10",
        result: { _tag: "Error", code: -32603, message: "Internal error" },
        failure: failure(reason, message, ended),
        steps: { "fetch pages": 10, "render page 1 to 6": "done" }
      })
    } else {
      await storage.createTask({
        ...task,
        status: "completed",
        lastUpdatedAt: ended,
        result: { _tag: "Success", value: { content: [{ type: "text", text: "10 pages" }] } }
      })
    }
  }
  for (const ago of [34, 9]) {
    const at = iso(ago * minute)
    await storage.createTask({
      originalMethod: "tools/call",
      name: "publish",
      createdAt: at,
      lastUpdatedAt: at,
      status: "input_required",
      statusMessage: "Shall the report be sent to 1 200 readers?",
      inputRequests: { confirm: {} }
    })
  }
  await storage.registerWorker({ host: "reports-1", pid: 4711, name: "reports", version: "1.4.2", lease: 60_000 })
  await storage.registerWorker({ host: "reports-2", pid: 4802, name: "reports", version: "1.4.2", lease: 60_000 })
  await storage.pauseTasks({ method: "tools/call", name: "send_newsletter" })
  const { tasks } = await storage.listTaskSummaries({ status: "failed", order: "newest", limit: 1 })
  return tasks[0]?.taskId ?? ""
}

const draw = async (page: Page, name: string): Promise<void> => {
  if (process.env["MCP_TASK_STORAGE_PICTURES"] !== "1") return
  mkdirSync(images, { recursive: true })
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 55 })
  writeFileSync(join(images, `${name}.webp`), Buffer.from(data, "base64"))
}

describeWithBrowser("the pictures of the documentation", () => {
  test("show an hour as it was", async () => {
    await using storage = await openTaskStorage("memory:")
    const taskId = await seed(storage)
    const { origin, url } = await servePage(storage)
    const { faults, page } = await openBrowserPage(origin, { viewport: { width: 1180, height: 900 }, locale: "en-GB" })
    await page.goto(url)
    await page.getByRole("link", { name: "RowsMissing" }).first().waitFor()
    await page.getByText("paused since").waitFor()
    await draw(page, "overview")
    await page.goto(`${url}&view=tasks&status=failed`)
    await page.getByText("on this page").waitFor()
    await draw(page, "tasks")
    await page.goto(`${url}&task=${taskId}`)
    await page.getByText("render page 1 to 6").waitFor()
    await draw(page, "task")
    expect(faults).toEqual([])
  })
})

test.each(["overview", "tasks", "task"])("the picture %s is small", (name) => {
  expect(statSync(join(images, `${name}.webp`)).size).toBeLessThan(100_000)
})
