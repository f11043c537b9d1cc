/**
 * Who names the tasks that a runner begins.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { InvalidInput } from "../../domain/task/TaskError.ts"

/**
 * Generates the ids of tasks that are begun without one, in place of the storage: a layer of whatever make cannot be told to.
 *
 * @since 0.2.0
 * @category services
 */
export const TaskIds: Context.Reference<Effect.Effect<string, InvalidInput> | undefined> = Context.Reference<
  Effect.Effect<string, InvalidInput> | undefined
>("mcp-task-storage/TaskIds", { defaultValue: () => undefined })
