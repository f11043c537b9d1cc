/**
 * Opening task storage for promises.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Struct from "effect/Struct"
import { InvalidInput, type TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import { TaskStorage } from "../domain/TaskStorage.ts"
import { layerFromUrl } from "../layers/TaskStorageUrl.ts"
import { isObject } from "./arguments.ts"
import { plainCall } from "./callOptions.ts"
import { showingCaller } from "./CallSite.ts"
import { makeClock } from "./clock.ts"
import type { LayerSource } from "./LayerSource.ts"
import { makePromiseTaskStorage } from "./makePromiseTaskStorage.ts"
import { rememberStorage } from "./openedStorages.ts"
import { type LayerOpenOptions, layerOpenOptions, type OpenOptions, requireOpenOptions } from "./OpenOptions.ts"
import { PromiseCalls } from "./PromiseCalls.ts"
import type { PromiseTaskStorage } from "./PromiseTaskStorage.ts"
import { reporting } from "./reporting.ts"
import { telemetryLayer } from "./telemetryLayers.ts"

/**
 * Opens task storage: the one that a URL names, `memory:`, `sqlite:FILE`, `sqlite::memory:`, `postgres://…` or
 * `dynamodb://TABLE?region=…&endpoint=…`; or the one of a layer. Close it with `close()` or by `await using`.
 *
 * Rejects with `InvalidInput` for a URL, layer or option that it cannot use, with `TaskStorageUnavailable` when the
 * storage cannot be opened, and with the layer's own error when a layer fails to build.
 *
 * **Example** (Finishing a task)
 *
 * ```ts
 * import { openTaskStorage } from "mcp-task-storage/promise"
 *
 * const storage = await openTaskStorage("sqlite:tasks.db", { maxTasks: 10_000 })
 * const task = await storage.createTask({ originalMethod: "tools/call", ttl: 60_000 })
 * await storage.settleTask(task.taskId, { _tag: "Success", value: { content: [] } })
 * await storage.close()
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const openTaskStorage: {
  (url: string, options?: OpenOptions): Promise<PromiseTaskStorage>
  <E>(source: LayerSource<E>, options?: LayerOpenOptions): Promise<PromiseTaskStorage>
} = <E>(source: string | LayerSource<E>, options?: OpenOptions): Promise<PromiseTaskStorage> =>
  showingCaller(openTaskStorage, () => open(source, options))

const open = async <E>(source: string | LayerSource<E>, options: OpenOptions = {}): Promise<PromiseTaskStorage> => {
  requireOpenOptions(options, typeof source === "object")
  const { generateId, now, signal } = options
  const reports = reporting(options)
  const references = now === undefined ? reports : Context.add(reports, Clock.Clock, makeClock(now))
  const scope = Scope.makeUnsafe()
  const release = Scope.close(scope, Exit.void)
  try {
    const context = await new PromiseCalls(references, Effect.void).write(
      "openTaskStorage",
      { signal },
      plainCall,
      () => Layer.buildWithScope(Layer.provideMerge(layerOf(source, options), telemetryLayer(options)), scope),
      identity
    )
    const storage = Context.getOption(context, TaskStorage)
    if (Option.isNone(storage)) throw new InvalidInput({ field: "layer", reason: "does not provide TaskStorage" })
    const all = Context.merge(context, references)
    const calls = new PromiseCalls(all, release)
    const facade = makePromiseTaskStorage(storage.value, calls, generateId)
    rememberStorage(facade, { storage: storage.value, context: all, scope, generateId, calls })
    return facade
  } catch (error) {
    await Effect.runPromiseWith(references)(release)
    throw error
  }
}

const layerOf = <E>(
  source: string | LayerSource<E>,
  options: OpenOptions
): Layer.Layer<TaskStorage, E | InvalidInput | TaskStorageUnavailable> => {
  if (typeof source === "string") {
    const { generateId } = options
    return layerFromUrl(source, {
      ...Struct.omit(options, layerOpenOptions),
      // The facade names tasks itself, so that a layer of any make can be told how to; what else stands on the storage does not.
      generateId: generateId === undefined ? undefined : Effect.sync(generateId)
    })
  }
  if (!isObject(source)) {
    throw new InvalidInput({
      field: "url",
      reason: "must be a text such as sqlite:tasks.db, or an object with a layer"
    })
  }
  if (!Layer.isLayer(source.layer)) throw new InvalidInput({ field: "layer", reason: "must be a Layer of Effect" })
  return source.layer
}
