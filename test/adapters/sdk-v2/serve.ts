/**
 * Servers of SDK v2 over HTTP, one `McpServer` for each request, that share what a test gives them.
 */
import { toNodeHandler } from "@modelcontextprotocol/node"
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server"
import type { TasksExtension } from "mcp-task-storage/sdk-v2"
import { once } from "node:events"
import { createServer } from "node:http"
import { onTestFinished } from "vitest"

export interface Served {
  readonly url: string
  /** What the SDK reported of itself. */
  readonly errors: ReadonlyArray<string>
}

/** Serves an extension until the test is over. Whoever sends `Authorization: Bearer NAME` is NAME. */
export const serve = async (tasks: TasksExtension, extend?: (server: McpServer) => void): Promise<Served> => {
  const served = await serveUntilClosed(tasks, extend)
  onTestFinished(served.close)
  return served
}

/** Serves an extension until it is closed. */
export const serveUntilClosed = async (
  tasks: TasksExtension,
  extend: (server: McpServer) => void = () => {}
): Promise<Served & { readonly close: () => Promise<void> }> => {
  const errors: Array<string> = []
  const handler = tasks.listen(createMcpHandler(() => {
    const server = new McpServer({ name: "test", version: "1" })
    tasks.attach(server)
    extend(server)
    return server
  }, { onerror: (error) => errors.push(error.message) }))
  const respond = toNodeHandler(handler)
  const http = createServer((request, response) => {
    const [, token] = request.headers.authorization?.split(" ") ?? []
    if (token !== undefined) Object.assign(request, { auth: { token, clientId: token, scopes: [] } })
    const { method = "GET", url = "/" } = request
    respond(Object.assign(request, { method, url }), response).catch((error: unknown) => errors.push(String(error)))
  }).listen(0, "127.0.0.1")
  await once(http, "listening")
  const close = async () => {
    await handler.close()
    http.closeAllConnections()
    http.close()
    await tasks.close()
  }
  const address = http.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  return { url: `http://127.0.0.1:${address.port}/mcp`, errors, close }
}
