/**
 * The page of tasks on Express, at `/tasks`, behind HTTP Basic authentication. The app is the one that the official SDK makes for MCP
 * servers; any other app of Express takes the page in the same way.
 *
 * Tasks are those of the URL in `TASKS_URL`, the SQLite file `tasks.db` by default. The name is `ops`, and the password is in
 * `TASKS_PASSWORD`.
 */
import { createMcpExpressApp } from "@modelcontextprotocol/sdk/server/express.js"
import { makeDashboard, toNodeHandler } from "mcp-task-storage/dashboard"
import { openTaskStorage } from "mcp-task-storage/promise"
import { createHash, timingSafeEqual } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:http"

const storage = await openTaskStorage(process.env["TASKS_URL"] ?? "sqlite:tasks.db")

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

const expected = digest(`Basic ${Buffer.from(`ops:${process.env["TASKS_PASSWORD"] ?? ""}`).toString("base64")}`)

const dashboard = makeDashboard(storage, {
  // A response is sent as it is. This one makes a browser ask for the password.
  authorize: (request) =>
    timingSafeEqual(digest(request.headers.get("authorization") ?? ""), expected) ||
    new Response("Who are you?", { status: 401, headers: { "www-authenticate": "Basic realm=\"tasks\"" } })
})

const app = createMcpExpressApp()
app.use("/tasks", toNodeHandler(dashboard))

const http = createServer(app)
http.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1")
await once(http, "listening")
const address = http.address()
console.log(
  `Tasks are shown at http://127.0.0.1:${
    typeof address === "object" && address !== null ? address.port : address
  }/tasks`
)

process.once("SIGTERM", async () => {
  http.close()
  // Browsers that watch would keep the server open.
  http.closeAllConnections()
  await storage.close()
})
