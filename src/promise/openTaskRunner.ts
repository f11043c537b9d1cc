/**
 * The way to a runner in promises.
 *
 * @since 0.2.0
 */
import { InvalidInput } from "../domain/TaskError.ts"
import { isObject } from "./arguments.ts"
import type { LayerSource } from "./LayerSource.ts"
import { makePromiseTaskRunner } from "./makePromiseTaskRunner.ts"
import { openedStorage } from "./openedStorages.ts"
import { requireNames } from "./OpenOptions.ts"
import { openRunner } from "./openRunner.ts"
import { openTaskStorage } from "./openTaskStorage.ts"
import type { PromiseTaskRunner } from "./PromiseTaskRunner.ts"
import type { PromiseTaskStorage } from "./PromiseTaskStorage.ts"
import {
  type LayerRunnerOptions,
  type OpenRunnerOptions,
  partOptions,
  requireRunnerDurations,
  type RunnerOptions,
  runnerOptions,
  type RunnerSettings
} from "./RunnerOptions.ts"

/**
 * Opens a runner, which runs tasks so that each of them ends, whatever happens to its workers: on storage that
 * `openTaskStorage` gave, which it leaves open when it is closed; or on storage of its own, which it opens from a URL or a
 * layer as `openTaskStorage` does.
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
  <E>(source: PromiseTaskStorage | LayerSource<E> | string, options?: RunnerOptions): Promise<PromiseTaskRunner>
} = async <E>(
  source: string | LayerSource<E> | PromiseTaskStorage,
  options: OpenRunnerOptions = {}
): Promise<PromiseTaskRunner> => {
  const { others, own } = partOptions(options)
  requireRunnerDurations(own)
  if (isStorage(source)) {
    requireNames(options, new Set(runnerOptions))
    return openOn(source, own, async () => {})
  }
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
  options: RunnerSettings,
  release: () => Promise<void>
): Promise<PromiseTaskRunner> => {
  const opened = openedStorage(storage)
  if (opened === undefined) {
    throw new InvalidInput({ field: "storage", reason: "must be one that openTaskStorage gave" })
  }
  const runner = await openRunner(opened, options)
  return makePromiseTaskRunner(runner, { storage, generateId: opened.generateId, release })
}
