/**
 * The page of tasks on Effect's router, at `/tasks`, behind a proxy that signs users in and says who they are. Those of the team may
 * change tasks, and all others may look.
 *
 * Tasks are those of the URL in `TASKS_URL`, the SQLite file `tasks.db` by default.
 */
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { layerFromUrl } from "mcp-task-storage"
import { layerDashboard } from "mcp-task-storage/dashboard"
import { createServer } from "node:http"

const team = new Set(["ada", "bob"])

const page = layerDashboard("/tasks", {
  authorize: ({ headers }) => {
    const user = headers.get("x-forwarded-user")
    return user !== null && (team.has(user) ? true : "read")
  },
  // The name that the proxy is reached at.
  hosts: ["tasks.example.com"]
})

const address = Layer.effectDiscard(
  HttpServer.addressFormattedWith((address) => Effect.log(`Tasks are shown at ${address}/tasks`))
)

HttpRouter.serve(page).pipe(
  Layer.provideMerge(address),
  Layer.provide(
    NodeHttpServer.layer(() => createServer(), { port: Number(process.env["PORT"] ?? 3000), host: "127.0.0.1" })
  ),
  Layer.provide(layerFromUrl(process.env["TASKS_URL"] ?? "sqlite:tasks.db")),
  Layer.launch,
  NodeRuntime.runMain
)
