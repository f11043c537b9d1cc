/**
 * The tasks behind a server of the official MCP SDK.
 *
 * @since 0.2.0
 */
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { InvalidInput } from "../../domain/TaskError.ts"
import type { PromiseTaskRunner } from "../../promise/PromiseTaskRunner.ts"
import type { PromiseTaskStorage } from "../../promise/PromiseTaskStorage.ts"
import type { TaskRunnerShape } from "../../runner/TaskRunner.ts"
import type { SdkStores } from "./makeSdkTaskStore.ts"
import type { RunPromiseExit } from "./SdkCalls.ts"
import type { SdkTaskStoreOptions } from "./SdkTaskStoreOptions.ts"

/**
 * What the tools of a server stand on.
 *
 * @since 0.2.0
 * @category models
 */
export interface SdkTasks extends SdkStores {
  readonly storage: PromiseTaskStorage
  readonly runner: PromiseTaskRunner
  /** The same runner in effects, whose errors the stores tell to clients. */
  readonly taskRunner: TaskRunnerShape
  readonly options: SdkTaskStoreOptions
  readonly run: RunPromiseExit
  /** The questions that are before a client at the moment: no client of this process is asked what another one is. */
  readonly asking: Set<string>
}

const byStore = new WeakMap<object, SdkTasks>()

/**
 * Remembers what was opened together with a store.
 *
 * @since 0.2.0
 * @category accessors
 */
export const rememberTasks = ({ taskStore }: SdkStores, tasks: SdkTasks): void => {
  byStore.set(taskStore, tasks)
}

/**
 * Gives the tasks of a server. Throws `InvalidInput` when it was not made with the stores that `openSdkTasks` gives.
 *
 * @since 0.2.0
 * @category accessors
 */
export const tasksOf = (server: McpServer): SdkTasks => {
  // The SDK shows nobody the store that a server was made with; a test holds it to keeping it there.
  const store: unknown = Reflect.get(server.server, "_taskStore")
  const tasks = typeof store === "object" && store !== null ? byStore.get(store) : undefined
  if (tasks !== undefined) return tasks
  const reason = "must have the taskStore and the taskMessageQueue of openSdkTasks among its options"
  throw new InvalidInput({ field: "server", reason })
}
