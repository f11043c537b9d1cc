/**
 * The way into the drop-ins for the official MCP SDK.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Struct from "effect/Struct"
import { optionNames } from "../../domain/options/optionNames.ts"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { requireObject } from "../../promise/arguments.ts"
import { plainCall } from "../../promise/callOptions.ts"
import { showingCaller } from "../../promise/CallSite.ts"
import type { LayerSource } from "../../promise/LayerSource.ts"
import { openedStorage } from "../../promise/openedStorages.ts"
import { type LayerOpenOptions, type OpenOptions, requireOpenNames } from "../../promise/OpenOptions.ts"
import { openTaskStorage } from "../../promise/openTaskStorage.ts"
import type { PromiseTaskStorage } from "../../promise/PromiseTaskStorage.ts"
import { makeSdkTaskStore, type SdkStores } from "./makeSdkTaskStore.ts"
import type { RunPromiseExit } from "./SdkCalls.ts"
import type { SdkTaskStoreOptions, StoreAccess } from "./SdkTaskStoreOptions.ts"

/**
 * Options for stores on a layer of storage, which has its own options already.
 *
 * @since 0.2.0
 * @category options
 */
export interface LayerSdkTaskStoreOptions extends SdkTaskStoreOptions, LayerOpenOptions {}

/**
 * Options for stores on a storage that a URL names: those of the storage and those of the drop-ins. Under the scope `"task"`
 * the ids that `generateId` gives must be unguessable.
 *
 * @since 0.1.0
 * @category options
 */
export interface OpenSdkTaskStoreOptions extends SdkTaskStoreOptions, OpenOptions {}

/**
 * The two stores for a server of the official MCP SDK, and the storage under them.
 *
 * @since 0.1.0
 * @category models
 */
export interface OpenedSdkStores extends SdkStores, AsyncDisposable {
  /** The same tasks without the bounds of a session, with every operation of the library. */
  readonly storage: PromiseTaskStorage
  /** Lets calls in progress end, then closes the storage. */
  readonly close: () => Promise<void>
}

/**
 * Opens a storage, the one that a URL names or the one of a layer, for a server of the official MCP SDK.
 *
 * Rejects with `InvalidInput` for a URL or option that it cannot use, with `TaskStorageUnavailable` when the storage
 * cannot be opened, and with the layer's own error when a layer fails to build.
 *
 * **Example** (A server whose tasks survive a restart)
 *
 * ```ts
 * import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
 * import { openSdkTaskStore } from "mcp-task-storage/sdk"
 *
 * const { close, taskMessageQueue, taskStore } = await openSdkTaskStore("sqlite:tasks.db", { maxTtl: "7 days" })
 * const server = new McpServer({ name: "reports", version: "1.0.0" }, {
 *   capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
 *   taskStore,
 *   taskMessageQueue
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const openSdkTaskStore: {
  (url: string, options?: OpenSdkTaskStoreOptions): Promise<OpenedSdkStores>
  <E>(source: LayerSource<E>, options?: LayerSdkTaskStoreOptions): Promise<OpenedSdkStores>
} = <E>(source: string | LayerSource<E>, options?: OpenSdkTaskStoreOptions): Promise<OpenedSdkStores> =>
  showingCaller(openSdkTaskStore, () => open(source, options))

const open = async <E>(
  source: string | LayerSource<E>,
  options: OpenSdkTaskStoreOptions = {}
): Promise<OpenedSdkStores> => {
  requireObject("options", options)
  // Before the storage is opened, which knows its own names alone.
  requireOpenNames(options, storeOnlyOptions)
  const { scope } = options
  if (scope !== undefined && scope !== "session" && scope !== "task" && typeof scope !== "function") {
    throw new InvalidInput({ field: "scope", reason: "must be \"session\", \"task\" or a function" })
  }
  const own = Struct.pick(options, storeOptions)
  const others = Struct.omit(options, storeOnlyOptions)
  const storage = await (typeof source === "string" ? openTaskStorage(source, others) : openTaskStorage(source, others))
  try {
    return storesOn(storage, own)
  } catch (error) {
    await storage.close()
    throw error
  }
}

/** Those that are of the storage too are told to both. */
const storeOnlyOptions = optionNames<Omit<SdkTaskStoreOptions, "onError">>({
  messageTtl: true,
  pollInterval: true,
  retryFor: true,
  scope: true
})

const storeOptions = [...storeOnlyOptions, "onError"] as const

/**
 * Makes the stores on a storage that `openTaskStorage` gave, which ends with them.
 *
 * @since 0.2.0
 * @category constructors
 */
export const storesOn = (
  facade: PromiseTaskStorage,
  options: SdkTaskStoreOptions,
  accessTo?: (storage: TaskStorageShape) => StoreAccess
): OpenedSdkStores => {
  const opened = openedStorage(facade)
  if (opened === undefined) {
    throw new InvalidInput({ field: "storage", reason: "must be one that openTaskStorage gave" })
  }
  const { calls, storage } = opened
  const run: RunPromiseExit = async (effect) => {
    try {
      return await calls.write("tasks", undefined, plainCall, () => Effect.exit(effect), identity)
    } catch (error) {
      return Exit.die(error)
    }
  }
  const { close } = facade
  const stores = makeSdkTaskStore(storage, options, run, accessTo?.(storage))
  return { ...stores, storage: facade, close, [Symbol.asyncDispose]: close }
}
