/** The client of the official SDK of version 1, which speaks revision 2025-11-25, over HTTP or standard input and output. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  CreateTaskResultSchema,
  ElicitRequestSchema,
  type ElicitResult,
  type Task,
  TaskStatusNotificationSchema
} from "@modelcontextprotocol/sdk/types.js"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"

type Arguments = { readonly [key: string]: unknown }

interface SdkOptions {
  readonly user?: string
  /** What the person at the client answers; it never does by default. */
  readonly answer?: () => Promise<ElicitResult>
}

const program = fileURLToPath(new URL("../../../../examples/effect/stdio-server.ts", import.meta.url))

const connect = async (transport: StdioClientTransport | StreamableHTTPClientTransport, options: SdkOptions) => {
  const client = new Client({ name: "sdk", version: "1" }, { capabilities: { elicitation: {}, sampling: {} } })
  const asked: Array<Arguments> = []
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(params)
    return options.answer?.() ?? new Promise(() => {})
  })
  client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => {
    asked.push(params)
    return { model: "parrot", role: "assistant", content: { type: "text", text: "Because." } }
  })
  const told: Array<Arguments> = []
  client.setNotificationHandler(TaskStatusNotificationSchema, ({ params }) => {
    told.push(params)
  })
  // The SDK's own types differ where optional properties are exact.
  await Reflect.apply(Client.prototype.connect, client, [transport])
  onTestFinished(() => client.close())
  // What each tool supports is known to the client from here on.
  await client.listTools()
  const { tasks } = client.experimental
  return {
    client,
    asked,
    /** What the server said of tasks by itself. */
    told,
    start: async (name: string, args: Arguments = {}, ttl?: number): Promise<Task> => {
      const params = { name, arguments: args }
      const task = ttl === undefined ? {} : { ttl }
      return (await client.request({ method: "tools/call", params }, CreateTaskResultSchema, { task })).task
    },
    call: (name: string, args: Arguments = {}) =>
      client.request({ method: "tools/call", params: { name, arguments: args } }, CallToolResultSchema),
    get: (taskId: string) => tasks.getTask(taskId),
    result: (taskId: string) => tasks.getTaskResult(taskId, CallToolResultSchema),
    cancel: (taskId: string) => tasks.cancelTask(taskId),
    list: (cursor?: string) => tasks.listTasks(cursor),
    /** What the client's own way of calling a tool as a task sees, poll by poll, each thing once. */
    stream: async (name: string, args: Arguments = {}): Promise<ReadonlyArray<string>> => {
      const seen: Array<string> = []
      const see = (what: string) => what === seen.at(-1) ? undefined : seen.push(what)
      for await (const message of tasks.callToolStream({ name, arguments: args })) {
        switch (message.type) {
          case "taskCreated":
            see("created")
            break
          case "taskStatus":
            see(message.task.status)
            break
          case "result":
            see(JSON.stringify(message.result.structuredContent))
            break
          case "error":
            see(message.error.message.replace(/Task \S+/, "Task ID"))
        }
      }
      return seen
    }
  }
}

/** Connects over HTTP. */
export const connectHttp = (url: string, { user = "ann", ...options }: SdkOptions = {}) =>
  connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { "x-user": user } } }), options)

/** Starts the example server in a process of its own on a SQLite file, and connects to it. */
export const connectStdio = async (filename: string, options: SdkOptions = {}) => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: ["--conditions=mcp-task-storage-source", program],
    env: { TASKS_URL: `sqlite:${filename}`, NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? "" },
    stderr: "inherit"
  })
  const connected = await connect(transport, options)
  const { pid } = transport
  if (pid === null) throw new Error("The server did not start")
  return {
    ...connected,
    /** Ends the server as a crash does, and waits until it is gone. */
    kill: () =>
      new Promise<void>((resolve) => {
        connected.client.onclose = resolve
        process.kill(pid, "SIGKILL")
      })
  }
}
