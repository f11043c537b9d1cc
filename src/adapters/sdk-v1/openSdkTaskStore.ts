/**
 * The way into the drop-ins for the official MCP SDK.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Struct from "effect/Struct"
import { optionNames } from "../../domain/optionNames.ts"
import { InvalidInput, TaskStorageUnavailable } from "../../domain/TaskError.ts"
import { TaskStorage } from "../../domain/TaskStorage.ts"
import { layerFromUrl, taskStorageUrlOptions } from "../../layers/TaskStorageUrl.ts"
import { requireFunction, requireNames, requireObject } from "../../promise/arguments.ts"
import type { LayerSource } from "../../promise/LayerSource.ts"
import { openedStorage, rememberStorage } from "../../promise/openedStorages.ts"
import type { OpenOptions } from "../../promise/OpenOptions.ts"
import { openTaskStorage } from "../../promise/openTaskStorage.ts"
import type { PromiseTaskStorage } from "../../promise/PromiseTaskStorage.ts"
import { reporting } from "../../promise/reporting.ts"
import { type ReportOptions, requireReportOptions } from "../../promise/ReportOptions.ts"
import { makeSdkTaskStore, type SdkStores } from "./makeSdkTaskStore.ts"
import type { RunPromiseExit } from "./SdkCalls.ts"
import type { SdkTaskStoreOptions } from "./SdkTaskStoreOptions.ts"

/**
 * Options for stores on a layer of storage, which has its own options already.
 *
 * @since 0.2.0
 * @category options
 */
export interface LayerSdkTaskStoreOptions extends SdkTaskStoreOptions, Pick<ReportOptions, "logger"> {}

/**
 * Options for stores on a storage that a URL names: those of the storage and those of the drop-ins.
 *
 * @since 0.1.0
 * @category options
 */
export interface OpenSdkTaskStoreOptions
  extends Omit<OpenOptions, "signal" | "now" | "logger" | "onError">, LayerSdkTaskStoreOptions
{
  /** Generates the ids of new tasks: a UUID version 7 by default. Under the scope `"task"` they must be unguessable. */
  readonly generateId?: (() => string) | undefined
}

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
  requireOptions(options)
  const { logger, onError } = options
  const runtime = ManagedRuntime.make(
    Layer.provideMerge(layerOf(source, options), Layer.succeedContext(reporting({ logger, onError })))
  )
  try {
    const context = await runtime.context()
    const facade = await openTaskStorage({ layer: Layer.succeedContext(context) }, { logger, onError })
    const running = new Set<Promise<unknown>>()
    let isClosed = false
    const run: RunPromiseExit = (effect) => {
      if (isClosed) return Promise.resolve(closed)
      const exit = Effect.runPromiseExitWith(context)(effect)
      running.add(exit)
      return exit.finally(() => running.delete(exit))
    }
    const close = async () => {
      isClosed = true
      await Promise.all([facade.close(), ...running])
      await runtime.dispose()
    }
    const storage = { ...facade, close, [Symbol.asyncDispose]: close }
    const opened = openedStorage(facade)
    if (opened !== undefined) rememberStorage(storage, opened)
    return {
      ...makeSdkTaskStore(Context.get(context, TaskStorage), options, run),
      storage,
      close,
      [Symbol.asyncDispose]: close
    }
  } catch (error) {
    await runtime.dispose()
    throw error
  }
}

const storeOptions = optionNames<LayerSdkTaskStoreOptions>({
  logger: true,
  messageTtl: true,
  onError: true,
  pollInterval: true,
  retryFor: true,
  scope: true
})

const requireOptions = (options: OpenSdkTaskStoreOptions): void => {
  requireObject("options", options)
  requireNames(options, [...taskStorageUrlOptions, ...storeOptions])
  const { generateId, scope } = options
  if (scope !== undefined && scope !== "session" && scope !== "task" && typeof scope !== "function") {
    throw new InvalidInput({ field: "scope", reason: "must be \"session\", \"task\" or a function" })
  }
  requireReportOptions(options)
  requireFunction("generateId", generateId)
}

const closed = Exit.die(
  new TaskStorageUnavailable({ operation: "run", reason: "the storage is closed", retryable: false, applied: "no" })
)

const layerOf = <E>(
  source: string | LayerSource<E>,
  { generateId, ...options }: OpenSdkTaskStoreOptions
): Layer.Layer<TaskStorage, E | InvalidInput | TaskStorageUnavailable> => {
  if (typeof source === "string") {
    return layerFromUrl(source, {
      ...Struct.omit(options, storeOptions),
      generateId: generateId === undefined ? undefined : Effect.sync(generateId)
    })
  }
  if (Layer.isLayer(source?.layer)) return source.layer
  throw new InvalidInput({ field: "source", reason: "must be a URL, or an object with a layer of Effect" })
}
