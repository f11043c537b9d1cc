/**
 * The Tasks extension of protocol revision 2026-07-28, for servers on `@modelcontextprotocol/server`.
 *
 * @since 0.2.0
 */
import type { McpHttpHandler, McpServer, RegisteredTool } from "@modelcontextprotocol/server"
import * as Result from "effect/Result"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { isObject } from "../../promise/arguments.ts"
import { tasksExtension } from "../../protocol/names.ts"
import { parseToolName, registerTool } from "../../protocol/TaskTool.ts"
import { answerToolCall } from "./answerToolCall.ts"
import { listenToTasks } from "./listenToTasks.ts"
import { attachedTo, attachTo, interceptToolCalls } from "./sdkSeams.ts"
import { ServedTasks } from "./ServedTasks.ts"
import { answerTaskRequests } from "./taskRequests.ts"
import { type ResolvedOptions, resolveOptions, type TasksExtensionOptions } from "./TasksExtensionOptions.ts"
import { makeTaskTool, type TaskTool, type TaskToolConfig, type TaskToolRun } from "./TaskTool.ts"

/**
 * Makes tools run as durable tasks. One extension serves any number of servers, even one for each request. Build it once, with its
 * tools, and attach it to each server before the server connects.
 *
 * **Example** (A server with a tool that runs as a task)
 *
 * ```ts no-run
 * import { createMcpHandler, McpServer } from "@modelcontextprotocol/server"
 * import { TasksExtension } from "mcp-task-storage/sdk-v2"
 * import * as z from "zod"
 *
 * const tasks = new TasksExtension({ storage: "sqlite:tasks.db", owner: (authInfo) => authInfo?.clientId })
 *
 * tasks.registerTool("report", { inputSchema: z.object({ pages: z.number() }) }, async ({ pages }, { progress }) => {
 *   await progress(`Writing ${pages} pages`)
 *   return { content: [{ type: "text", text: "…" }] }
 * })
 *
 * export const handler = createMcpHandler(() => {
 *   const server = new McpServer({ name: "reports", version: "1.0.0" })
 *   tasks.attach(server)
 *   return server
 * })
 * ```
 *
 * @since 0.2.0
 * @category models
 */
export class TasksExtension {
  readonly id = tasksExtension
  readonly #options: ResolvedOptions
  readonly #served: ServedTasks
  readonly #tools = new Map<string, TaskTool>()

  /**
   * Opens the storage, unless it is given a runner. Throws `InvalidInput` for options that it cannot use. If the storage cannot
   * be opened, {@link TasksExtension.ready} rejects, and every request fails.
   */
  constructor(options: TasksExtensionOptions) {
    this.#options = resolveOptions(options)
    this.#served = new ServedTasks(this.#options)
  }

  /** Waits until tasks can be run. Rejects where the storage cannot be opened. */
  ready(): Promise<void> {
    return this.#served.ready()
  }

  /**
   * Registers a tool, on every server that the extension is attached to from now on, or on this one. A second tool of the same
   * name replaces the first. `run` gives the result of the tool. Another process may run the task, so `run` must not rely on
   * anything that only the called process has.
   *
   * If a tool is registered on single servers only, in a factory for example, this process learns of it with the first such
   * server. Until then tasks of it that an earlier process left wait.
   */
  registerTool<Args>(name: string, config: TaskToolConfig<Args>, run: TaskToolRun<Args>): void
  registerTool<Args>(
    server: McpServer,
    name: string,
    config: TaskToolConfig<Args>,
    run: TaskToolRun<Args>
  ): RegisteredTool
  registerTool<Args>(
    ...definition:
      | [name: string, config: TaskToolConfig<Args>, run: TaskToolRun<Args>]
      | [server: McpServer, name: string, config: TaskToolConfig<Args>, run: TaskToolRun<Args>]
  ): RegisteredTool | void {
    if (definition.length === 4) {
      const [server, name, config, run] = definition
      this.attach(server)
      return this.#offer(server, this.#define(name, config, run))
    }
    const [name, config, run] = definition
    this.#tools.set(name, this.#define(name, config, run))
  }

  /**
   * Serves tasks, and the registered tools, on a server that is not connected yet. A second call does nothing. Throws for a
   * server that has another Tasks extension, or handles one of its methods already, or is of version 1 of the SDK.
   */
  attach(server: McpServer): void {
    requireServer(server)
    const other = attachedTo(server)
    if (other === this) return
    if (other !== undefined) throw new Error("Another Tasks extension is attached to this server already")
    if (server.isConnected()) throw new Error("Attach tasks before connecting the server")
    answerTaskRequests(server, this.#served)
    server.server.registerCapabilities(capabilities)
    attachTo(server, this)
    for (const tool of this.#tools.values()) this.#offer(server, tool)
  }

  /**
   * Adds `taskIds` to `subscriptions/listen` of a handler of `createMcpHandler`: clients get `notifications/tasks` for every
   * change of these tasks. Without it they poll.
   */
  listen(handler: McpHttpHandler): McpHttpHandler {
    requireHandler(handler)
    return listenToTasks(handler, this.#served)
  }

  /**
   * Stops running tasks, leaves unfinished ones to others, and closes the storage. A given runner stays open.
   */
  close(): Promise<void> {
    return this.#served.close()
  }

  /** Closes what is open. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #define<Args>(name: string, config: TaskToolConfig<Args>, run: TaskToolRun<Args>): TaskTool {
    Result.getOrThrow(parseToolName(name))
    const tool = makeTaskTool(name, config, run, this.#options)
    this.#served.register((tasks) => registerTool(tasks, tool))
    return tool
  }

  #offer(server: McpServer, tool: TaskTool): RegisteredTool {
    const registered = tool.register(server, (call) => answerToolCall(this.#served, server, tool, call))
    interceptToolCalls(server)
    return registered
  }
}

const capabilities = { extensions: { [tasksExtension]: {} } }

const requireServer = (server: unknown): void => {
  // Version 1 has a class of the same name, which knows handlers by schemas, and has experiments of its own.
  if (isObject(server) && typeof server["isConnected"] === "function" && !("experimental" in server)) return
  throw new InvalidInput({ field: "server", reason: "must be an McpServer of @modelcontextprotocol/server, version 2" })
}

const requireHandler = (handler: unknown): void => {
  if (isObject(handler) && typeof handler["fetch"] === "function") return
  throw new InvalidInput({ field: "handler", reason: "must be what createMcpHandler gives" })
}
