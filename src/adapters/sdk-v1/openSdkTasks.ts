/**
 * The way to tasks that this library runs on a server of the official MCP SDK.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { InvalidInput } from "../../domain/TaskError.ts"
import type { LayerSource } from "../../promise/LayerSource.ts"
import { makePromiseTaskRunner } from "../../promise/makePromiseTaskRunner.ts"
import { openedStorage } from "../../promise/openedStorages.ts"
import { openRunner } from "../../promise/openRunner.ts"
import type { PromiseTaskRunner } from "../../promise/PromiseTaskRunner.ts"
import { partOptions, type RunnerOptions } from "../../promise/RunnerOptions.ts"
import {
  type LayerSdkTaskStoreOptions,
  type OpenedSdkStores,
  openSdkTaskStore,
  type OpenSdkTaskStoreOptions
} from "./openSdkTaskStore.ts"
import { rememberTasks } from "./sdkTasks.ts"

/**
 * Options for tasks on a storage that a URL names: those of the stores, and those of the runner. Durations given as
 * numbers are milliseconds.
 *
 * @since 0.2.0
 * @category options
 */
export interface OpenSdkTasksOptions extends OpenSdkTaskStoreOptions, RunnerOptions {}

/**
 * Options for tasks on a layer of storage, which has its own options already.
 *
 * @since 0.2.0
 * @category options
 */
export interface LayerSdkTasksOptions extends LayerSdkTaskStoreOptions, RunnerOptions {}

/**
 * The two stores for servers of the official MCP SDK, and the runner of their tasks.
 *
 * @since 0.2.0
 * @category models
 */
export interface OpenedSdkTasks extends OpenedSdkStores {
  readonly runner: PromiseTaskRunner
  /** Gives running tasks their time (`shutdownTimeout`), leaves the rest to others, and closes the storage. */
  readonly close: () => Promise<void>
}

/**
 * Opens a storage, the one that a URL names or the one of a layer, and a runner on it, for servers of the official MCP
 * SDK whose tools `registerTaskTool` adds. One serves all servers of a process, such as one for each session.
 *
 * Rejects as `openSdkTaskStore` does.
 *
 * **Example** (A tool that runs as a task)
 *
 * ```ts
 * import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
 * import { openSdkTasks, registerTaskTool } from "mcp-task-storage/sdk"
 * import * as z from "zod"
 *
 * const tasks = await openSdkTasks("sqlite:tasks.db")
 * const server = new McpServer({ name: "reports", version: "1.0.0" }, {
 *   capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
 *   taskStore: tasks.taskStore,
 *   taskMessageQueue: tasks.taskMessageQueue
 * })
 * registerTaskTool(server, "report", { inputSchema: { city: z.string() } }, async ({ city }, { progress, signal }) => {
 *   await progress("Looking out of the window")
 *   signal.throwIfAborted()
 *   return { content: [{ type: "text", text: `Rain in ${city}` }] }
 * })
 * await tasks.close()
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const openSdkTasks: {
  (url: string, options?: OpenSdkTasksOptions): Promise<OpenedSdkTasks>
  <E>(source: LayerSource<E>, options?: LayerSdkTasksOptions): Promise<OpenedSdkTasks>
} = async <E>(source: string | LayerSource<E>, options: OpenSdkTasksOptions = {}): Promise<OpenedSdkTasks> => {
  const { others, own } = partOptions(options)
  const stores =
    await (typeof source === "string" ? openSdkTaskStore(source, others) : openSdkTaskStore(source, others))
  try {
    const opened = openedStorage(stores.storage)
    if (opened === undefined) throw new InvalidInput({ field: "source", reason: "gives no storage that runs tasks" })
    const { storage } = stores
    const running = await openRunner(opened, own)
    const runner = makePromiseTaskRunner(running, { storage, release: stores.close })
    const { close } = runner
    const tasks = { ...stores, runner, close, [Symbol.asyncDispose]: close }
    rememberTasks(tasks, {
      ...tasks,
      options,
      asking: new Set(),
      taskRunner: running.runner,
      run: Effect.runPromiseExitWith(running.context)
    })
    return tasks
  } catch (error) {
    await stores.close()
    throw error
  }
}
