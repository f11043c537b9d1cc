/**
 * The example server in a process of its own, and a client of the official SDK that talks to it.
 */
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import {
  type CallToolResult,
  CallToolResultSchema,
  CreateTaskResultSchema,
  type Task
} from "@modelcontextprotocol/sdk/types.js"
import { fileURLToPath } from "node:url"

const program = fileURLToPath(new URL("../sdk-server.ts", import.meta.url))

export class ReportServer {
  readonly pid: number
  readonly #client: Client
  readonly #exited: Promise<void>

  private constructor(client: Client, pid: number, exited: Promise<void>) {
    this.#client = client
    this.pid = pid
    this.#exited = exited
  }

  /** Starts the server on a storage and connects to it. */
  static async start(tasksUrl: string): Promise<ReportServer> {
    const transport = new StdioClientTransport({
      command: process.execPath,
      // The same conditions lead the server's imports to the same build of the library.
      args: [...process.execArgv, program],
      env: { TASKS_URL: tasksUrl, TASKS_LEASE: "1500" },
      stderr: "inherit"
    })
    const client = new Client({ name: "demo", version: "1.0.0" })
    const exited = new Promise<void>((resolve) => {
      client.onclose = resolve
    })
    await client.connect(transport)
    if (transport.pid === null) throw new Error("The server did not start")
    return new ReportServer(client, transport.pid, exited)
  }

  /** Starts a report as a task. */
  async startReport(title: string, seconds: number): Promise<Task> {
    const { task } = await this.#client.request(
      { method: "tools/call", params: { name: "report", arguments: { title, seconds } } },
      CreateTaskResultSchema,
      { task: { ttl: 600_000 } }
    )
    return task
  }

  /** Calls `tasks/get`. */
  getTask(taskId: string): Promise<Task> {
    return this.#client.experimental.tasks.getTask(taskId)
  }

  /** Calls `tasks/result`, which waits for the end of a task, but here for five seconds at most. */
  getResult(taskId: string): Promise<CallToolResult> {
    return this.#client.experimental.tasks.getTaskResult(taskId, CallToolResultSchema, { timeout: 5000 })
  }

  /** Calls `tasks/cancel`. */
  cancel(taskId: string): Promise<Task> {
    return this.#client.experimental.tasks.cancelTask(taskId)
  }

  /** Calls `tasks/list` until the last page. */
  async listTasks(): Promise<ReadonlyArray<Task>> {
    const all: Array<Task> = []
    let cursor: string | undefined
    do {
      const { nextCursor, tasks } = await this.#client.experimental.tasks.listTasks(cursor)
      all.push(...tasks)
      cursor = nextCursor
    } while (cursor !== undefined)
    return all
  }

  /** Kills the process without a warning, as a crash does, and waits until it is gone. */
  async kill(): Promise<void> {
    process.kill(this.pid, "SIGKILL")
    await this.#exited
  }

  /** Ends the process in good order. */
  async stop(): Promise<void> {
    await this.#client.close()
  }
}
