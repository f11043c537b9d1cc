/** A page over a storage in memory, and requests to it as browsers send them. */
import { type DashboardOptions, makeDashboard } from "mcp-task-storage/dashboard"
import { openTaskStorage } from "mcp-task-storage/promise"
import { onTestFinished } from "vitest"

export const token = "a-token-for-the-tests"

/** What the page itself sends along with what it changes. */
export const ownHeaders = {
  "content-type": "application/json",
  "x-mcp-task-storage": "1",
  "sec-fetch-site": "same-origin",
  origin: "http://localhost"
}

type Headers = Readonly<Record<string, string>>

export const openPage = async (options: DashboardOptions = { authorize: () => true }) => {
  const logged: Array<unknown> = []
  const storage = await openTaskStorage("memory:", { onError: (error) => logged.push(error) })
  onTestFinished(() => storage.close())
  const dashboard = makeDashboard(storage, options)
  const get = (path: string, headers: Headers = {}): Promise<Response> =>
    dashboard(new Request(new URL(path, "http://localhost/tasks/"), { headers }))
  const post = (path: string, body: unknown, headers: Headers = ownHeaders): Promise<Response> =>
    dashboard(
      new Request(new URL(path, "http://localhost/tasks/"), { method: "POST", headers, body: JSON.stringify(body) })
    )
  return { storage, dashboard, get, post, logged }
}

export const errorOf = async (response: Response): Promise<unknown> => {
  const body: { readonly error?: { readonly _tag: string } } = JSON.parse(await response.text())
  return body.error?._tag
}
