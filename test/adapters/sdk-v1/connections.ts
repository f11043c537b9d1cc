/** A server with task tools and a client of the official SDK, linked in memory or over HTTP. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import {
  CallToolResultSchema,
  type ClientCapabilities,
  CreateMessageRequestSchema,
  CreateTaskResultSchema,
  ElicitRequestSchema,
  ElicitResultSchema,
  type Task
} from "@modelcontextprotocol/sdk/types.js"
import type { OpenedSdkTasks } from "mcp-task-storage/sdk"
import { once } from "node:events"
import { createServer } from "node:http"
import { onTestFinished } from "vitest"
import { registerTaskTools, type Seen } from "./taskTools.ts"

/** Makes a server with the tools. */
export const makeServer = ({ taskMessageQueue, taskStore }: OpenedSdkTasks, seen: Seen, errors: Array<string>) => {
  const server = new McpServer({ name: "server", version: "1" }, {
    capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
    taskStore,
    taskMessageQueue
  })
  server.server.onerror = (error) => errors.push(error.message)
  registerTaskTools(server, seen)
  return server
}

export interface ConnectOptions {
  readonly sessionId?: string
  /** What the person at the client answers. */
  readonly answer?: (message: string, params: unknown) => unknown
  readonly capabilities?: ClientCapabilities
}

const makeClient = ({ answer, capabilities = { elicitation: {}, sampling: {} } }: ConnectOptions) => {
  const client = new Client({ name: "client", version: "1" }, { capabilities })
  const asked: Array<string> = []
  const meta: Array<unknown> = []
  if (capabilities.elicitation !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
      asked.push(params.message)
      meta.push(params._meta)
      return ElicitResultSchema.parse(await answer?.(params.message, params))
    })
  }
  if (capabilities.sampling !== undefined) {
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      model: "parrot",
      role: "assistant",
      content: { type: "text", text: "Polly" }
    }))
  }
  return { client, asked, meta }
}

const talk = (client: Client) => {
  const { tasks } = client.experimental
  return {
    start: async (name: string, args: { readonly [key: string]: unknown } = {}, ttl?: number): Promise<Task> => {
      const params = { name, arguments: args }
      const task = ttl === undefined ? {} : { ttl }
      return (await client.request({ method: "tools/call", params }, CreateTaskResultSchema, { task })).task
    },
    call: (name: string, args: { readonly [key: string]: unknown } = {}, signal?: AbortSignal) =>
      client.request(
        { method: "tools/call", params: { name, arguments: args } },
        CallToolResultSchema,
        signal === undefined ? {} : { signal }
      ),
    get: (taskId: string) => tasks.getTask(taskId),
    result: (taskId: string, signal?: AbortSignal) =>
      tasks.getTaskResult(taskId, CallToolResultSchema, signal === undefined ? {} : { signal }),
    cancel: (taskId: string) => tasks.cancelTask(taskId),
    stream: async (name: string, args: { readonly [key: string]: unknown } = {}): Promise<ReadonlyArray<string>> => {
      const seen: Array<string> = []
      for await (const message of tasks.callToolStream({ name, arguments: args })) {
        if (message.type === "taskStatus") seen.push(`${message.task.status}: ${message.task.statusMessage}`)
        else if (message.type === "result") seen.push(`result: ${JSON.stringify(message.result.content)}`)
        else seen.push(message.type === "error" ? `error: ${message.error.message}` : message.type)
      }
      return seen
    }
  }
}

/** Connects a client to a server of its own in memory. */
export const connectInMemory = async (tasks: OpenedSdkTasks, options: ConnectOptions = {}) => {
  const seen: Seen = { begun: [], stopped: [] }
  const errors: Array<string> = []
  const server = makeServer(tasks, seen, errors)
  const { client, ...heard } = makeClient(options)
  const [clientSide, serverSide] = InMemoryTransport.createLinkedPair()
  if (options.sessionId !== undefined) serverSide.sessionId = options.sessionId
  await server.connect(serverSide)
  await client.connect(clientSide)
  await client.listTools()
  onTestFinished(() => client.close())
  return { ...talk(client), ...heard, client, server, seen, errors }
}

/** Connects a client to an HTTP server that makes a server for each session. */
export const connectHttp = async (tasks: OpenedSdkTasks, options: ConnectOptions = {}) => {
  const seen: Seen = { begun: [], stopped: [] }
  const errors: Array<string> = []
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
      await Reflect.apply(McpServer.prototype.connect, makeServer(tasks, seen, errors), [opened])
      transport = opened
    }
    await transport.handleRequest(request, response)
  })
  http.listen(0, "127.0.0.1")
  await once(http, "listening")
  const address = http.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const { client, ...heard } = makeClient(options)
  const transport = new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`))
  await Reflect.apply(Client.prototype.connect, client, [transport])
  await client.listTools()
  onTestFinished(async () => {
    await client.close()
    for (const open of transports.values()) await open.close()
    http.closeAllConnections()
    http.close()
  })
  return { ...talk(client), ...heard, client, seen, errors }
}
