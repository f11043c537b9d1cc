/**
 * The drop-ins for the official MCP SDK over a storage that is there already.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { RunPromiseExit } from "./SdkCalls.ts"
import { SdkTaskMessageQueue } from "./SdkTaskMessageQueue.ts"
import { SdkTaskStore } from "./SdkTaskStore.ts"
import type { SdkTaskStoreOptions, StoreAccess } from "./SdkTaskStoreOptions.ts"

/**
 * What a server of the official MCP SDK takes as options, to be spread among its others.
 *
 * @since 0.1.0
 * @category models
 */
export interface SdkStores {
  readonly taskStore: SdkTaskStore
  readonly taskMessageQueue: SdkTaskMessageQueue
}

/**
 * Makes the two stores of the official MCP SDK over a storage, for programs that have one as an Effect service. Throws
 * `InvalidInput` when an option is wrong. `run` executes the effects; give `Effect.runPromiseExitWith(context)` to have
 * the tracer and the loggers of a context.
 *
 * **Example** (A server within an Effect program)
 *
 * ```ts
 * import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
 * import { Effect } from "effect"
 * import { TaskStorage } from "mcp-task-storage"
 * import { makeSdkTaskStore } from "mcp-task-storage/sdk"
 *
 * const makeServer = Effect.gen(function*() {
 *   const storage = yield* TaskStorage
 *   const context = yield* Effect.context()
 *   return new McpServer({ name: "reports", version: "1.0.0" }, {
 *     capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
 *     ...makeSdkTaskStore(storage, {}, Effect.runPromiseExitWith(context))
 *   })
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSdkTaskStore = (
  storage: TaskStorageShape,
  options: SdkTaskStoreOptions = {},
  run: RunPromiseExit = Effect.runPromiseExit,
  access?: StoreAccess
): SdkStores => ({
  taskStore: new SdkTaskStore(storage, options, run, access),
  taskMessageQueue: new SdkTaskMessageQueue(storage, options, run)
})
