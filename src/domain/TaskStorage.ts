/**
 * The service that keeps tasks.
 *
 * `TaskStorage` is for trusted code: its operations reach every task. Its `forSession` gives the same operations on the
 * tasks of one session, for code that acts for a client.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import { fromDriver } from "./fromDriver.ts"
import type { TaskStorageShape } from "./service/TaskOperations.ts"

/**
 * Keeps the tasks of an MCP server.
 *
 * **Example** (Finishing a task)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { TaskStorage } from "mcp-task-storage"
 * import * as MemoryTaskStorage from "mcp-task-storage/memory"
 *
 * const program = Effect.gen(function*() {
 *   const storage = yield* TaskStorage
 *   const task = yield* storage.createTask({ originalMethod: "tools/call" })
 *   return yield* storage.settleTask(task.taskId, { _tag: "Success", value: { content: [] } })
 * })
 *
 * Effect.runPromise(Effect.provide(program, MemoryTaskStorage.layer()))
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class TaskStorage extends Context.Service<TaskStorage, TaskStorageShape>()("mcp-task-storage/TaskStorage") {
  /**
   * Turns the primitives of a backend into the service. Every rule of the contract is added here.
   */
  static readonly fromDriver = fromDriver
}
