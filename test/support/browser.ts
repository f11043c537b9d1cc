/**
 * A browser for the tests of the page: the Chromium of `@sparticuz/chromium`, which is made for Linux, or the one that
 * MCP_TASK_STORAGE_CHROMIUM names. Without one the tests are reported as not run, unless MCP_TASK_STORAGE_REQUIRE_ENGINES says that
 * they must be.
 */
import packed from "@sparticuz/chromium"
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { afterAll, beforeAll, describe, onTestFinished } from "vitest"

const named = process.env["MCP_TASK_STORAGE_CHROMIUM"]
const canRun = named !== undefined || (process.platform === "linux" && process.arch === "x64")

if (!canRun && process.env["MCP_TASK_STORAGE_REQUIRE_ENGINES"] === "1") {
  throw new Error(
    "MCP_TASK_STORAGE_REQUIRE_ENGINES is set, and there is no browser; name one with MCP_TASK_STORAGE_CHROMIUM"
  )
}
if (!canRun) console.warn("NOT RUN: the tests of the page need a browser; name one with MCP_TASK_STORAGE_CHROMIUM")

let browser: Browser | undefined

/** Tests with a browser running. */
export const describeWithBrowser = (name: string, tests: () => void): void => {
  if (!canRun) {
    describe.skip(name, tests)
    return
  }
  describe(name, () => {
    beforeAll(async () => {
      browser = await chromium.launch({
        executablePath: named ?? await packed.executablePath(),
        // Those that the package proposes turn off what a browser guards pages with.
        args: ["--no-sandbox", "--no-zygote", "--disable-gpu", "--font-render-hinting=none"]
      })
    })
    afterAll(() => browser?.close())
    tests()
  })
}

/** A page of a browser of its own, and what went wrong in it. */
export interface OpenedPage {
  readonly page: Page
  readonly context: BrowserContext
  /** Errors of the page, refusals of its policy, and requests to elsewhere. */
  readonly faults: ReadonlyArray<string>
}

export const openBrowserPage = async (origin: string, options: BrowserContextOptions = {}): Promise<OpenedPage> => {
  if (browser === undefined) throw new Error("The browser does not run")
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", ...options })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const faults: Array<string> = []
  page.on("pageerror", (error) => faults.push(error.message))
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text())
  })
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`a request to ${request.url()}`)
  })
  page.on("dialog", (dialog) => {
    faults.push(`a dialog that says ${dialog.message()}`)
    void dialog.dismiss()
  })
  return { page, context, faults }
}
