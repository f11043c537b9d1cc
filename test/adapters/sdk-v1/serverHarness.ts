/**
 * A server and a client of the official SDK, linked in memory, with tools that run as tasks under the test's control.
 */
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import type { TaskMessageQueue, TaskStore } from "@modelcontextprotocol/sdk/experimental/tasks"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import {
  CallToolResultSchema,
  CreateTaskResultSchema,
  ElicitRequestSchema,
  ElicitResultSchema,
  LoggingMessageNotificationSchema,
  type Task
} from "@modelcontextprotocol/sdk/types.js"
import { onTestFinished } from "vitest"
import * as z from "zod"

export interface Stores {
  readonly taskStore: TaskStore
  readonly taskMessageQueue: TaskMessageQueue
}

export interface ConnectOptions {
  readonly sessionId?: string
  readonly maxTaskQueueSize?: number
  /** What the person at the client answers, which also is what the elicitation is refused with if it is an error. */
  readonly answer?: (message: string) => unknown
}

/** Starts a server on the stores and connects a client to it. */
export const connect = async (stores: Stores, options: ConnectOptions = {}) => {
  const server = new McpServer({ name: "server", version: "1" }, {
    capabilities: { logging: {}, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
    ...stores,
    defaultTaskPollInterval: 20,
    ...(options.maxTaskQueueSize === undefined ? {} : { maxTaskQueueSize: options.maxTaskQueueSize })
  })
  const trouble: Array<string> = []
  const errors: Array<string> = []
  server.server.onerror = (error) => errors.push(error.message)
  registerTools(server, stores, trouble)

  const client = new Client({ name: "client", version: "1" }, { capabilities: { elicitation: {} } })
  const asked: Array<string> = []
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(params.message)
    return ElicitResultSchema.parse(options.answer?.(params.message))
  })
  const logged: Array<unknown> = []
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    logged.push(params.data)
  })
  const [clientSide, serverSide] = InMemoryTransport.createLinkedPair()
  if (options.sessionId !== undefined) serverSide.sessionId = options.sessionId
  await server.connect(serverSide)
  await client.connect(clientSide)
  await client.listTools()
  onTestFinished(() => client.close())

  const tasks = client.experimental.tasks
  return {
    client,
    /** Messages that waited for this client: questions, and log lines. */
    asked,
    logged,
    /** What the tools came up against, and what the SDK reported of itself. */
    trouble,
    errors,
    start: async (name: string, args: { readonly [key: string]: unknown } = {}, ttl?: number): Promise<Task> => {
      const params = { name, arguments: args }
      const task = ttl === undefined ? {} : { ttl }
      return (await client.request({ method: "tools/call", params }, CreateTaskResultSchema, { task })).task
    },
    get: (taskId: string) => tasks.getTask(taskId),
    result: (taskId: string) => tasks.getTaskResult(taskId, CallToolResultSchema),
    list: (cursor?: string) => tasks.listTasks(cursor),
    cancel: (taskId: string) => tasks.cancelTask(taskId),
    stream: async (name: string, args: { readonly [key: string]: unknown } = {}): Promise<ReadonlyArray<string>> => {
      const seen: Array<string> = []
      for await (const message of tasks.callToolStream({ name, arguments: args })) {
        if (message.type === "taskStatus") {
          seen.push(`${message.task.status}: ${message.task.statusMessage}`)
        } else if (message.type === "result") {
          seen.push(`result: ${JSON.stringify(message.result.content)}`)
        } else {
          seen.push(message.type === "error" ? `error: ${message.error.message}` : message.type)
        }
      }
      return seen
    }
  }
}

const text = (value: string) => ({ content: [{ type: "text" as const, text: value }] })

const registerTools = (server: McpServer, { taskMessageQueue, taskStore }: Stores, trouble: Array<string>): void => {
  type Handler = Parameters<typeof server.experimental.tasks.registerToolTask<typeof input, undefined>>[2]
  type Extra = Parameters<Handler["createTask"]>[1]

  const register = (name: string, work: (taskId: string, detail: string, extra: Extra) => Promise<void>): void => {
    server.experimental.tasks.registerToolTask(name, { inputSchema: input }, {
      createTask: async ({ detail }, extra) => {
        const ttl = extra.taskRequestedTtl
        const task = await extra.taskStore.createTask({ pollInterval: 10, ...(ttl === undefined ? {} : { ttl }) })
        work(task.taskId, detail, extra).catch((error: unknown) => trouble.push(String(error)))
        return { task }
      },
      getTask: (_args, { taskId, taskStore }) => taskStore.getTask(taskId),
      getTaskResult: async (_args, { taskId, taskStore }) =>
        CallToolResultSchema.parse(await taskStore.getTaskResult(taskId))
    })
  }

  register("succeed", (taskId, detail, { taskStore }) => taskStore.storeTaskResult(taskId, "completed", text(detail)))
  register(
    "fail",
    (taskId, detail, { taskStore }) => taskStore.storeTaskResult(taskId, "failed", { ...text(detail), isError: true })
  )
  register("report", async (taskId, detail, { taskStore }) => {
    await taskStore.updateTaskStatus(taskId, "working", `${detail} begun`)
    await taskStore.updateTaskStatus(taskId, "working", `${detail} nearly done`)
    await new Promise((resolve) => setTimeout(resolve, 60))
    await taskStore.storeTaskResult(taskId, "completed", text(detail))
  })
  register("idle", () => Promise.resolve())
  register("ask", async (taskId, detail, { sendRequest, taskStore }) => {
    const params = {
      mode: "form" as const,
      message: detail,
      requestedSchema: { type: "object" as const, properties: {} }
    }
    const options = { relatedTask: { taskId }, timeout: 5000 }
    const answer = await sendRequest({ method: "elicitation/create", params }, ElicitResultSchema, options)
    await taskStore.updateTaskStatus(taskId, "working", "answered")
    await taskStore.storeTaskResult(taskId, "completed", text(JSON.stringify(answer)))
  })
  register("log", async (taskId, detail, { taskStore }) => {
    for (const data of detail) {
      const message = { method: "notifications/message" as const, params: { level: "info" as const, data } }
      await server.server.notification(message, { relatedTask: { taskId } }).catch((error: unknown) => {
        trouble.push(String(error))
      })
    }
    await taskStore.storeTaskResult(taskId, "completed", text(detail))
  })
  register("late", async (taskId, detail) => {
    await taskStore.updateTaskStatus(taskId, "cancelled", "Ended elsewhere")
    await taskMessageQueue.dequeueAll(taskId)
    await taskStore.storeTaskResult(taskId, "completed", text(detail))
  })
}

const input = { detail: z.string().default("") }
