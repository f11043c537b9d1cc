/** The page in a real browser, over SQLite and PostgreSQL, as somebody uses it who is on call. */
import axe from "axe-core"
import * as Effect from "effect/Effect"
import { openTaskStorage } from "mcp-task-storage/promise"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Page } from "playwright-core"
import { describe, expect, onTestFinished, test } from "vitest"
import { freshUrl } from "../../layers/postgres/engine.ts"
import { describeWithBrowser, openBrowserPage } from "../../support/browser.ts"
import { openReports, servePage } from "./servedPage.ts"

const sqliteUrl = async (): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), "mcp-task-storage-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return `sqlite:${join(folder, "tasks.db")}`
}

const report = { originalMethod: "tools/call", originalParams: { name: "report", arguments: { title: "Weather" } } }

/** What axe says that keeps somebody from using the page. */
const violations = async (page: Page): Promise<ReadonlyArray<string>> => {
  await page.evaluate(axe.source)
  const { passes, violations } = await page.evaluate<axe.AxeResults>("axe.run()")
  // That it looked at all.
  expect(passes.length).toBeGreaterThan(10)
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ help, id, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(" ")}`)
}

describeWithBrowser("the page", () => {
  describe.each([["sqlite", sqliteUrl], ["postgres", () => Effect.runPromise(freshUrl)]] as const)(
    "on %s",
    (_, freshUrl) => {
      test("leads from a failure to its reason, runs the task again and shows it end", async () => {
        const { mend, runner } = await openReports(await freshUrl())
        const { origin, url } = await servePage(runner.storage)
        const { faults, page } = await openBrowserPage(origin)
        const failed = await runner.startTask({ ...report, sessionId: "ada" })
        await runner.startTask(report)
        await page.goto(url)

        // The token is out of the address before anything is shown.
        await page.getByRole("heading", { name: "Overview" }).waitFor()
        expect(page.url()).toBe(`${origin}/ops/tasks/`)

        await page.getByRole("link", { name: "RowsMissing" }).click()
        await page.getByRole("row").nth(2).waitFor()
        expect(page.url()).toContain("resultKind=error&resultKind=tool_error")
        await page.getByRole("link", { name: failed.taskId.slice(-8) }).click()
        await page.getByText("The table of page 7 has no rows", { exact: true }).waitFor()
        await expect.poll(() => page.getByLabel("Stack").innerText()).toContain("servedPage.ts")
        await page.getByText("reports 1.4.2, on").waitFor()
        await page.getByText("fetch pages").waitFor()

        await page.getByText("Parameters").click()
        await page.getByText("\"title\": \"Weather\"").waitFor()

        mend()
        await page.getByRole("button", { name: "Run again…" }).click()
        await page.getByRole("dialog").getByRole("button", { name: "Run again" }).click()
        await page.getByText("Ended: completed").waitFor()
        expect(page.url()).not.toContain(failed.taskId)
        await page.getByRole("link", { name: failed.taskId }).click()
        await page.getByText("Run again as").waitFor()
        expect(faults).toEqual([])
      })

      test("changes all tasks of a filter, once it has counted them", async () => {
        await using storage = await openTaskStorage(await freshUrl())
        for (let count = 0; count < 7; count++) {
          await storage.createTask({ ...report, name: count < 4 ? "report" : "publish" })
        }
        const { origin, url } = await servePage(storage)
        const { faults, page } = await openBrowserPage(origin)
        await page.goto(`${url}&view=tasks&name=report`)
        await page.getByRole("button", { name: "Cancel…" }).click()
        const dialog = page.getByRole("dialog")
        await dialog.getByText("4 tasks would be cancelled").waitFor()
        expect((await storage.listTaskSummaries({ status: "cancelled" })).tasks).toHaveLength(0)
        await dialog.getByRole("button", { name: "Leave them" }).click()
        await page.getByRole("button", { name: "Cancel…" }).click()
        await dialog.getByRole("button", { name: "Cancel: 4 tasks" }).click()
        await dialog.getByText("4 tasks were cancelled").waitFor()
        await dialog.getByRole("button", { name: "Close" }).click()
        await expect.poll(() => page.getByRole("cell", { name: "cancelled" }).count()).toBe(4)
        expect((await storage.listTaskSummaries({ status: "working" })).tasks).toHaveLength(3)
        expect(faults).toEqual([])
      })
    }
  )

  test("shows what is hostile as text", async () => {
    await using storage = await openTaskStorage("memory:")
    const hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'>{{7*7}}\u202Eevil"
    const { taskId } = await storage.createTask({
      originalMethod: hostile,
      name: hostile,
      sessionId: `ada ${hostile.slice(0, 60).replaceAll("\u202E", "")}`,
      statusMessage: hostile,
      originalParams: { [hostile]: hostile },
      meta: { [hostile]: hostile }
    })
    await storage.storeTaskStep(taskId, hostile, hostile)
    await storage.settleTask(taskId, { _tag: "Error", code: -32603, message: hostile, data: hostile }, {
      failure: { name: hostile, message: hostile, stack: `${hostile}\n    at javascript:alert(3)` }
    })
    const { origin, url } = await servePage(storage)
    const { faults, page } = await openBrowserPage(origin)
    for (const view of ["", "&view=tasks", `&task=${taskId}`]) {
      await page.goto(url + view)
      await page.getByText("alert(2)").first().waitFor()
      for (const details of await page.locator("details.payload summary").all()) await details.click()
      for (const pre of await page.locator("details.payload").all()) await pre.getByRole("link").waitFor()
      expect(await page.locator("main img, main script, main iframe").count()).toBe(0)
    }
    expect(faults).toEqual([])
  })

  test("can be used by keyboard and screen reader, in the light and in the dark, in narrow windows", async () => {
    const { runner } = await openReports(await sqliteUrl())
    const { storage } = runner
    await runner.startTask(report)
    const asking = await storage.createTask({ ...report, name: "publish" })
    await storage.requireInput(asking.taskId, { sure: {} })
    await storage.pauseTasks({ method: "tools/call", name: "publish" })
    const failed = await runner.startTask(report)
    await storage.awaitTask(failed.taskId)
    const { origin, url } = await servePage(storage)
    // The dark differs in its colours alone, and those are the same in narrow windows.
    for (const [colorScheme, widths] of [["light", [1200, 360]], ["dark", [1200]]] as const) {
      const { faults, page } = await openBrowserPage(origin, { colorScheme })
      for (const width of widths) {
        await page.setViewportSize({ width, height: 800 })
        for (
          const [view, sign] of [
            ["", "How long it took"],
            ["&view=tasks", "3 on this page"],
            ["&view=tasks&status=cancelled", "No task is like that"],
            ["&view=tasks&status=broken", "Invalid status"],
            ["&view=workers", "alive"],
            [`&task=${failed.taskId}`, "RowsMissing"],
            ["&task=nothing", "does not exist"]
          ] as const
        ) {
          await page.goto(url + view)
          await page.getByText(sign).first().waitFor()
          expect(await violations(page), `${colorScheme} ${width} ${view}`).toEqual([])
          const overflow = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
          )
          expect(overflow, `${width} ${view}`).toBeLessThanOrEqual(0)
        }
      }
      await page.goto(`${url}&task=${failed.taskId}`)
      await page.getByRole("button", { name: "Run again…" }).click()
      expect(await violations(page)).toEqual([])
      await page.keyboard.press("Escape")
      await expect.poll(() => page.getByRole("dialog").count()).toBe(0)
      expect(faults.filter((fault) => !fault.includes("400") && !fault.includes("404"))).toEqual([])
    }
  })

  test("is led by arrow keys from task to task, and keeps the filter on the way back", async () => {
    await using storage = await openTaskStorage("memory:")
    for (let count = 0; count < 3; count++) await storage.createTask(report)
    const { origin, url } = await servePage(storage)
    const { page } = await openBrowserPage(origin)
    await page.goto(`${url}&view=tasks&name=report`)
    await page.locator("a.row-link").first().focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.getByText("Its story").waitFor()
    const second = (await storage.listTaskSummaries({ order: "newest" })).tasks[1]
    expect(page.url()).toContain(second?.taskId)
    await page.getByRole("link", { name: "To the list" }).click()
    await page.getByText("3 on this page").waitFor()
    expect(page.url()).toContain("name=report")
    await page.goBack()
    await page.getByText("Its story").waitFor()
  })

  test("lists what failed beside what a tool answered with an error", async () => {
    await using storage = await openTaskStorage("memory:")
    const outcomes = [
      { _tag: "Error", code: 1, message: "no" },
      { _tag: "Success", value: { isError: true, content: [] } },
      { _tag: "Success", value: { content: [] } }
    ] as const
    for (const outcome of outcomes) {
      const { taskId } = await storage.createTask(report)
      await storage.settleTask(taskId, outcome)
    }
    const { origin, url } = await servePage(storage)
    const { page } = await openBrowserPage(origin)
    await page.goto(url)
    await page.getByRole("link", { name: "Failures" }).click()
    await page.getByText("2 on this page").waitFor()
    await page.getByRole("cell", { name: "tool error" }).waitFor()
    await page.getByRole("cell", { name: "failed" }).waitFor()
  })

  test("says that the server is gone, and that what it shows is from before", async () => {
    await using storage = await openTaskStorage("memory:")
    await storage.createTask(report)
    const { close, origin, url } = await servePage(storage)
    const { page } = await openBrowserPage(origin)
    await page.goto(`${url}&view=tasks`)
    await page.getByText("1 on this page").waitFor()
    await close()
    await page.getByText("The server of this page does not answer").waitFor()
    await page.getByText("1 on this page").waitFor()
  })

  test("reads now and then where as many watch as may", async () => {
    await using storage = await openTaskStorage("memory:")
    await storage.createTask(report)
    const { origin } = await servePage(storage, { maxStreams: 0 })
    const { page } = await openBrowserPage(origin)
    await page.goto(`${origin}/?view=tasks`)
    await page.getByText("As many browsers watch as may").waitFor()
    await page.getByText("1 on this page").waitFor()
    await page.getByRole("button", { name: "Live" }).click()
    await page.getByRole("button", { name: "Not live" }).waitFor()
    await page.getByText("1 on this page").waitFor()
    await page.getByText("As many browsers watch as may").waitFor({ state: "detached" })
  })

  test("shows no button that changes anything to who may only read", async () => {
    await using storage = await openTaskStorage("memory:")
    const { taskId } = await storage.createTask(report)
    const { origin } = await servePage(storage, {})
    const { faults, page } = await openBrowserPage(origin)
    for (
      const [search, sign] of [["", "By name"], ["?view=tasks", "1 on this page"], [
        `?task=${taskId}`,
        "Its story"
      ]] as const
    ) {
      await page.goto(`${origin}/${search}`)
      await page.getByText(sign).first().waitFor()
      expect(await page.getByRole("button", { name: /…$/ }).count()).toBe(0)
    }
    await page.getByText("Read-only").waitFor()
    expect(faults).toEqual([])
  })

  test("finds a task by the end of its id, pauses and resumes a kind, and follows what others do", async () => {
    await using storage = await openTaskStorage("memory:")
    const { taskId } = await storage.createTask(report)
    const { origin, url } = await servePage(storage)
    const { faults, page } = await openBrowserPage(origin)
    await page.goto(url)
    await page.getByRole("button", { name: "Pause…" }).click()
    await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click()
    await page.getByText("paused since").waitFor()
    expect(await storage.pausedTasks()).toMatchObject([{ method: "tools/call", name: "report" }])
    await page.getByRole("button", { name: "Resume" }).click()
    await expect.poll(() => storage.pausedTasks()).toEqual([])
    await page.getByLabel("Id of a task, or its end").fill(taskId.slice(-8))
    await page.keyboard.press("Enter")
    await page.getByText("Its story").waitFor()
    await storage.settleTask(taskId, { _tag: "Success", value: null })
    await page.getByText("Ended: completed").waitFor()
    await page.getByLabel("Id of a task, or its end").fill("nothing like it")
    await page.keyboard.press("Enter")
    await page.getByText("No task has an id that ends so").waitFor()
    expect(faults).toEqual([])
  })
})
