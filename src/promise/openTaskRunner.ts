/**
 * The way to a runner in promises.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import { InvalidInput } from "../domain/task/TaskError.ts"
import { taskRunnerOptions } from "../runner/service/ResolvedRunnerOptions.ts"
import { isObject, requireNames } from "./arguments.ts"
import { showingCaller } from "./CallSite.ts"
import type { LayerSource } from "./LayerSource.ts"
import { makePromiseTaskRunner } from "./makePromiseTaskRunner.ts"
import { openedStorage } from "./openedStorages.ts"
import { requireOpenNames } from "./OpenOptions.ts"
import { openRunner } from "./openRunner.ts"
import { openTaskStorage } from "./openTaskStorage.ts"
import type { PromiseTaskRunner } from "./PromiseTaskRunner.ts"
import type { PromiseTaskStorage } from "./PromiseTaskStorage.ts"
import { reporting } from "./reporting.ts"
import { type ReportOptions, reportOptions, requireReportOptions } from "./ReportOptions.ts"
import {
  type LayerRunnerOptions,
  type OpenRunnerOptions,
  partOptions,
  type RunnerOptions,
  type StorageRunnerOptions
} from "./RunnerOptions.ts"

/**
 * Opens a runner. It runs tasks so that each of them ends, whatever happens to its workers. Give it a storage of
 * `openTaskStorage`, which it leaves open when it is closed; or a URL or a layer, which it opens as `openTaskStorage` does.
 *
 * Rejects with `InvalidInput` for a source or option that it cannot use, and as `openTaskStorage` does.
 *
 * **Example** (Running a task)
 *
 * ```ts
 * import { openTaskRunner } from "mcp-task-storage/promise"
 *
 * const runner = await openTaskRunner("sqlite:tasks.db")
 * const call = { originalMethod: "tools/call", originalParams: { name: "report" } }
 * const { taskId } = await runner.startTask(call, async (_, { progress, signal }) => {
 *   for (const month of ["January", "February"]) {
 *     signal.throwIfAborted()
 *     await progress(`Reading ${month}`)
 *   }
 *   return { content: [{ type: "text", text: "Nothing happened" }] }
 * })
 * console.log((await runner.storage.awaitTask(taskId)).status) // completed
 * await runner.close()
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const openTaskRunner: {
  (url: string, options?: OpenRunnerOptions): Promise<PromiseTaskRunner>
  <E>(source: LayerSource<E>, options?: LayerRunnerOptions): Promise<PromiseTaskRunner>
  <E>(
    source: PromiseTaskStorage | LayerSource<E> | string,
    options?: StorageRunnerOptions
  ): Promise<PromiseTaskRunner>
} = <E>(
  source: string | LayerSource<E> | PromiseTaskStorage,
  options?: OpenRunnerOptions
): Promise<PromiseTaskRunner> => showingCaller(openTaskRunner, () => open(source, options))

const open = async <E>(
  source: string | LayerSource<E> | PromiseTaskStorage,
  options: OpenRunnerOptions = {}
): Promise<PromiseTaskRunner> => {
  const { others, own } = partOptions(options)
  if (isStorage(source)) {
    requireNames(options, [...taskRunnerOptions, ...reportOptions])
    requireReportOptions(others)
    return openOn(source, own, async () => {}, others)
  }
  // Before the storage is opened, which knows its own names alone.
  requireOpenNames(options, taskRunnerOptions)
  const storage = typeof source === "string"
    ? await openTaskStorage(source, others)
    : await openTaskStorage(source, others)
  try {
    return await openOn(storage, own, () => storage.close())
  } catch (error) {
    await storage.close()
    throw error
  }
}

const isStorage = (source: unknown): source is PromiseTaskStorage => {
  if (openedStorage(source) !== undefined) return true
  if (!isObject(source) || !("createTask" in source)) return false
  throw new InvalidInput({ field: "storage", reason: "must be one that openTaskStorage gave" })
}

const openOn = async (
  storage: PromiseTaskStorage,
  options: RunnerOptions,
  release: () => Promise<void>,
  reports?: ReportOptions
): Promise<PromiseTaskRunner> => {
  const opened = openedStorage(storage)
  if (opened === undefined) {
    throw new InvalidInput({ field: "storage", reason: "must be one that openTaskStorage gave" })
  }
  const context = reports?.logger === undefined && reports?.onError === undefined
    ? opened.context
    : Context.merge(opened.context, reporting(reports))
  const runner = await openRunner({ ...opened, context }, options)
  return makePromiseTaskRunner(runner, { storage, release })
}
