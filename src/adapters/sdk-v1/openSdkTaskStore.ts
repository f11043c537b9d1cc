/**
 * The way into the drop-ins for the official MCP SDK.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Struct from "effect/Struct"
import { optionNames } from "../../domain/optionNames.ts"
import { InvalidInput, TaskStorageUnavailable } from "../../domain/TaskError.ts"
import { requireObject } from "../../promise/arguments.ts"
import type { LayerSource } from "../../promise/LayerSource.ts"
import { type OpenedStorage, openedStorage, rememberStorage } from "../../promise/openedStorages.ts"
import type { LayerOpenOptions, OpenOptions } from "../../promise/OpenOptions.ts"
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
} = async <E>(
  source: string | LayerSource<E>,
  options: OpenSdkTaskStoreOptions = {}
): Promise<OpenedSdkStores> => {
  requireObject("options", options)
  const { scope } = options
  if (scope !== undefined && scope !== "session" && scope !== "task" && typeof scope !== "function") {
    throw new InvalidInput({ field: "scope", reason: "must be \"session\", \"task\" or a function" })
  }
  const own = Struct.pick(options, storeOptions)
  const others = Struct.omit(options, storeOnlyOptions)
  const storage = await (typeof source === "string" ? openTaskStorage(source, others) : openTaskStorage(source, others))
  return openStores(storage, own)
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
 * Opens the stores on a storage that was opened for them alone, which ends with them.
 *
 * @since 0.2.0
 * @category constructors
 */
export const openStores = async (
  facade: PromiseTaskStorage,
  options: SdkTaskStoreOptions,
  accessOf?: (opened: OpenedStorage) => StoreAccess
): Promise<OpenedSdkStores> => {
  try {
    const opened = openedStorage(facade)
    if (opened === undefined) {
      throw new InvalidInput({ field: "storage", reason: "must be one that openTaskStorage gave" })
    }
    const running = new Set<Promise<unknown>>()
    let isClosed = false
    const run: RunPromiseExit = (effect) => {
      if (isClosed) return Promise.resolve(closed)
      const exit = Effect.runPromiseExitWith(opened.context)(effect)
      running.add(exit)
      return exit.finally(() => running.delete(exit))
    }
    const close = async () => {
      isClosed = true
      await Promise.all(running)
      await facade.close()
    }
    const storage = { ...facade, close, [Symbol.asyncDispose]: close }
    rememberStorage(storage, opened)
    return {
      ...makeSdkTaskStore(opened.storage, options, run, accessOf?.(opened)),
      storage,
      close,
      [Symbol.asyncDispose]: close
    }
  } catch (error) {
    await facade.close()
    throw error
  }
}

const closed = Exit.die(
  new TaskStorageUnavailable({ operation: "run", reason: "the storage is closed", retryable: false, applied: "no" })
)
