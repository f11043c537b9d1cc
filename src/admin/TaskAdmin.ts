/**
 * The service for operators.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TaskStorage } from "../domain/TaskStorage.ts"
import type { TaskAdminShape } from "./AdminOperations.ts"
import { makeTaskAdmin } from "./makeTaskAdmin.ts"

/**
 * Finds, cancels, reruns and deletes tasks of any `TaskStorage`, one or many at a time. It is for trusted code: it reaches every
 * task.
 *
 * **Example** (Running all of a tool's failed tasks again)
 *
 * ```ts
 * import { Console, Effect, Layer, Stream } from "effect"
 * import { TaskAdmin } from "mcp-task-storage/admin"
 * import * as MemoryTaskStorage from "mcp-task-storage/memory"
 *
 * const program = Effect.gen(function*() {
 *   const admin = yield* TaskAdmin
 *   yield* admin.rerunTasks({ status: "failed", name: "report" }).pipe(
 *     Stream.runForEach(({ done, skipped }) => Console.log(`${done} run again, ${skipped} skipped`))
 *   )
 * })
 *
 * Effect.runPromise(Effect.provide(program, Layer.provide(TaskAdmin.layer, MemoryTaskStorage.layer())))
 * ```
 *
 * @since 0.2.0
 * @category services
 */
export class TaskAdmin extends Context.Service<TaskAdmin, TaskAdminShape>()("mcp-task-storage/TaskAdmin") {
  /**
   * Makes the service on the storage.
   */
  static readonly layer: Layer.Layer<TaskAdmin, never, TaskStorage> = Layer.effect(
    TaskAdmin,
    Effect.map(TaskStorage, makeTaskAdmin)
  )
}
