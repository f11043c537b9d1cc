/**
 * The page of tasks for a storage of either kind.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Result from "effect/Result"
import type { DashboardOptions } from "../admin/dashboard/DashboardOptions.ts"
import {
  type DashboardHandler,
  type DashboardRuns,
  logIn,
  makeDashboardWith,
  runsIn
} from "../admin/dashboard/makeDashboard.ts"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import { InvalidInput } from "../domain/task/TaskError.ts"
import { isObject } from "./arguments.ts"
import { plainCall } from "./callOptions.ts"
import { type OpenedStorage, openedStorage } from "./openedStorages.ts"
import type { PromiseTaskStorage } from "./PromiseTaskStorage.ts"

/**
 * Makes the page of a storage: of one that `openTaskStorage` gave, or of the `TaskStorage` service. The page is a function from a
 * `Request` to a `Response`, and serves itself at whatever path its requests have. Without `authorize` and `token` it is read-only,
 * and only for requests to a loopback name.
 *
 * Throws `InvalidInput` for an option that it cannot use.
 *
 * **Example** (Answering a request)
 *
 * ```ts
 * import { makeDashboard } from "mcp-task-storage/dashboard"
 * import { openTaskStorage } from "mcp-task-storage/promise"
 *
 * const storage = await openTaskStorage("memory:")
 * const dashboard = makeDashboard(storage)
 * const response = await dashboard(new Request("http://localhost/tasks/"))
 * console.log(response.status)
 * await storage.close()
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeDashboard = (
  storage: PromiseTaskStorage | TaskStorageShape,
  options?: DashboardOptions
): DashboardHandler => {
  const opened = openedStorage(storage)
  if (opened !== undefined) return Result.getOrThrow(makeDashboardWith(opened.storage, options, callsOf(opened)))
  if (isService(storage)) return Result.getOrThrow(makeDashboardWith(storage, options, runsIn(Context.empty())))
  throw new InvalidInput({ field: "storage", reason: "must be what openTaskStorage gives, or the TaskStorage service" })
}

const isService = (storage: PromiseTaskStorage | TaskStorageShape): storage is TaskStorageShape =>
  isObject(storage) && "generateTaskId" in storage && Effect.isEffect(storage.generateTaskId)

const callsOf = ({ calls, context }: OpenedStorage): DashboardRuns => ({
  log: logIn(context),
  work: (effect, signal) => calls.read("dashboard", { signal }, plainCall, () => effect, identity),
  watch: (effect, signal) => calls.wait("dashboard", { signal }, plainCall, () => effect, identity)
})
