/**
 * The page of tasks on Hono, at `/tasks`, for whoever has its token. A fetch handler is all that it is, so any server that takes one
 * mounts it in the same way. The whole URL has to reach it: `app.mount` would take the path away.
 *
 * Tasks are those of the URL in `TASKS_URL`, the SQLite file `tasks.db` by default.
 */
import { Hono } from "hono"
import { makeDashboard, toNodeHandler } from "mcp-task-storage/dashboard"
import { openTaskStorage } from "mcp-task-storage/promise"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:http"

const storage = await openTaskStorage(process.env["TASKS_URL"] ?? "sqlite:tasks.db")

const token = randomBytes(32).toString("base64url")

const dashboard = makeDashboard(storage, { token })

const app = new Hono()
app.get("/", (context) => context.text("The server of reports"))
app.all("/tasks", (context) => dashboard(context.req.raw))
app.all("/tasks/*", (context) => dashboard(context.req.raw))

// Under Bun, Deno or a worker, `app` itself is the server.
const http = createServer(toNodeHandler(async (request) => app.fetch(request)))
http.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1")
await once(http, "listening")
const address = http.address()
const port = typeof address === "object" && address !== null ? address.port : address
console.log(`Tasks are shown at http://127.0.0.1:${port}/tasks/?token=${token}`)

process.once("SIGTERM", async () => {
  http.close()
  // Browsers that watch would keep the server open.
  http.closeAllConnections()
  await storage.close()
})
