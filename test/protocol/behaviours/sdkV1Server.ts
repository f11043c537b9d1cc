/** A server on version 1 of the official SDK, as the table of behaviours starts it. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import * as Effect from "effect/Effect"
import { type OpenedSdkTasks, openSdkTasks, registerTaskTool } from "mcp-task-storage/sdk"
import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { BehaviourServer } from "./BehaviourServer.ts"
import type { BehaviourContext } from "./tools.ts"
import type { BehaviourTool } from "./tools.ts"

const noContext: BehaviourContext = {
  attempt: 1,
  elicit: () => Promise.reject(new Error("This tool is no task")),
  sample: () => Promise.reject(new Error("This tool is no task")),
  progress: () => Promise.resolve(),
  setTtl: () => Promise.resolve()
}

const makeServer = (
  { taskMessageQueue, taskStore }: OpenedSdkTasks,
  tools: ReadonlyArray<BehaviourTool>
): McpServer => {
  const server = new McpServer({ name: "behaviours", version: "1.0.0" }, {
    capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
    taskStore,
    taskMessageQueue
  })
  for (const { isIdempotent = false, name, resultTtl, retry, run, taskAfter, taskSupport, ttl } of tools) {
    const annotations = { idempotentHint: isIdempotent }
    if (taskSupport === "forbidden") {
      server.registerTool(name, { annotations }, async () => ({ ...await run(noContext) }))
    } else {registerTaskTool(
        server,
        name,
        { annotations, taskSupport, ttl, resultTtl, taskAfter, retry },
        async (_, context) => ({ ...await run(context) })
      )}
  }
  return server
}

/** A server for each session; the first is there from the start, so that tasks that others left are run. */
const listen = async (tasks: OpenedSdkTasks, tools: ReadonlyArray<BehaviourTool>) => {
  makeServer(tasks, tools)
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const http = createServer(async (request, response) => {
    const id = request.headers["mcp-session-id"]
    let transport = typeof id === "string" ? transports.get(id) : undefined
    if (transport === undefined) {
      const opened: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
        sessionIdGenerator: () => crypto.randomUUID(),
        onsessioninitialized: (id) => {
          transports.set(id, opened)
        }
      })
      // The SDK's own types differ where optional properties are exact.
      await Reflect.apply(McpServer.prototype.connect, makeServer(tasks, tools), [opened])
      transport = opened
    }
    await tasks.handleRequest(transport, request, response)
  })
  http.listen(0, "127.0.0.1")
  await once(http, "listening")
  return { http, transports }
}

const portOf = (http: Server): number => {
  const address = http.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

export const sdkV1Server: BehaviourServer = {
  name: "SDK v1",
  revisions: ["2025-11-25"],
  exceptions: {},
  start: (filename, tools, limits) =>
    Effect.gen(function*() {
      const tasks = yield* Effect.acquireRelease(
        Effect.promise(() =>
          openSdkTasks(`sqlite:${filename}`, {
            owner: (_, request) => {
              const user = request?.headers["x-user"]
              return typeof user === "string" ? user : undefined
            },
            shutdownTimeout: 10,
            limits,
            recovery: { interval: 100 },
            onError: () => undefined
          })
        ),
        (tasks) => Effect.promise(() => tasks.close())
      )
      const { http } = yield* Effect.acquireRelease(
        Effect.promise(() => listen(tasks, tools)),
        ({ http, transports }) =>
          Effect.promise(async () => {
            for (const transport of transports.values()) await transport.close()
            http.closeAllConnections()
            http.close()
          })
      )
      return `http://127.0.0.1:${portOf(http)}/mcp`
    })
}
