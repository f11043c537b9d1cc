/** The page on a port, over a storage with tasks of every kind. */
import { type DashboardOptions, makeDashboard, toNodeHandler } from "mcp-task-storage/dashboard"
import { openTaskRunner, type PromiseTaskStorage } from "mcp-task-storage/promise"
import { once } from "node:events"
import { createServer } from "node:http"
import { onTestFinished } from "vitest"
import { token } from "./pages.ts"

/** Serves a page, gives where it is, and how to close it before the test is over. */
export const servePage = async (
  storage: PromiseTaskStorage,
  options: DashboardOptions = { token }
): Promise<{ readonly origin: string; readonly url: string; readonly close: () => Promise<void> }> => {
  const server = createServer(toNodeHandler(makeDashboard(storage, options)))
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  let closed: Promise<unknown> | undefined
  const close = async (): Promise<void> => {
    if (closed === undefined) {
      closed = once(server, "close")
      server.close()
      server.closeAllConnections()
    }
    await closed
  }
  onTestFinished(close)
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  const origin = `http://127.0.0.1:${address.port}`
  return { origin, url: `${origin}/ops/tasks/?token=${token}`, close }
}

/** What its code can do about a bug. */
class RowsMissing extends Error {
  override readonly name = "RowsMissing"
}

/** A runner whose reports fail until they are mended. */
export const openReports = async (url: string) => {
  const runner = await openTaskRunner(url, {
    recovery: { interval: 50 },
    worker: { name: "reports", version: "1.4.2" },
    onError: () => undefined
  })
  onTestFinished(() => runner.close())
  let isBroken = true
  runner.register({
    method: "tools/call",
    name: "report",
    run: async (_, context) => {
      await context.step("fetch pages", () => 10)
      await context.progress("Page 7 of 10")
      if (isBroken) throw new RowsMissing("The table of page 7 has no rows")
      return { content: [{ type: "text", text: "The report" }] }
    }
  })
  return {
    runner,
    mend: () => {
      isBroken = false
    }
  }
}
