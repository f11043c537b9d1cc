/**
 * Annotations of tools that run as tasks.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type { TaskSupport as Support } from "../../protocol/TasksOptions.ts"
import type { RetryPolicy } from "../../runner/handler/RetryPolicy.ts"
import type { LostWorkerPolicy } from "../../runner/handler/TaskHandler.ts"

/**
 * Says whether calls of a tool become tasks: never; if the client can take one; or always, and a client that cannot take one is
 * refused.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskSupport = Support

/**
 * Annotates a tool with its {@link TaskSupport}, `"forbidden"` by default.
 *
 * **Example** (A tool that may run as a task)
 *
 * ```ts
 * import { Schema } from "effect"
 * import { Tool } from "effect/ai"
 * import * as McpTasks from "mcp-task-storage/mcp"
 *
 * const Report = Tool.make("report", {
 *   parameters: Schema.Struct({ year: Schema.Int }),
 *   success: Schema.String
 * }).annotate(McpTasks.TaskSupport, "optional")
 * ```
 *
 * @since 0.2.0
 * @category annotations
 */
export const TaskSupport: Context.Reference<TaskSupport> = Context.Reference<TaskSupport>(
  "mcp-task-storage/mcp/TaskSupport",
  { defaultValue: () => "forbidden" }
)

/**
 * Annotates a tool with what happens to its tasks when their worker dies. By default they fail. Tasks of a tool that is annotated
 * with Effect's `Tool.Idempotent` run again, up to 3 times in all.
 *
 * @since 0.2.0
 * @category annotations
 */
export const LostWorker: Context.Reference<LostWorkerPolicy | undefined> = Context.Reference<
  LostWorkerPolicy | undefined
>("mcp-task-storage/mcp/LostWorker", { defaultValue: () => undefined })

/**
 * Annotates a tool with how often its tasks run again after a defect: never by default. A failure that the tool declares is an
 * answer to the client, and so is a `TaskFailure`. With it each call becomes a task at once, whatever the server says of `taskAfter`.
 *
 * @since 0.2.0
 * @category annotations
 */
export const Retry: Context.Reference<RetryPolicy | undefined> = Context.Reference<RetryPolicy | undefined>(
  "mcp-task-storage/mcp/Retry",
  { defaultValue: () => undefined }
)

/**
 * Annotates a tool with the time that its tasks live, from their creation, if the client does not ask for another. `null` is
 * unlimited. The `maxTtl` of the server stays the limit.
 *
 * @since 0.2.0
 * @category annotations
 */
export const TaskTtl: Context.Reference<Duration.Input | null | undefined> = Context.Reference<
  Duration.Input | null | undefined
>("mcp-task-storage/mcp/TaskTtl", { defaultValue: () => undefined })

/**
 * Annotates a tool with the time that its tasks live from their end on, in place of the time that is left of their ttl. What
 * the server allows stays the limit.
 *
 * @since 0.2.0
 * @category annotations
 */
export const ResultTtl: Context.Reference<Duration.Input | undefined> = Context.Reference<Duration.Input | undefined>(
  "mcp-task-storage/mcp/ResultTtl",
  { defaultValue: () => undefined }
)

/**
 * Annotates a tool with how long clients should wait between polls of its tasks.
 *
 * @since 0.2.0
 * @category annotations
 */
export const PollInterval: Context.Reference<Duration.Input | undefined> = Context.Reference<
  Duration.Input | undefined
>("mcp-task-storage/mcp/PollInterval", { defaultValue: () => undefined })

/**
 * Annotates a tool with how long a call of it may take before it becomes a task, where the server decides that (revision
 * 2026-07-28). A call that ends earlier is answered with its result, and is never stored. 0 is at once.
 *
 * @since 0.2.0
 * @category annotations
 */
export const TaskAfter: Context.Reference<Duration.Input | undefined> = Context.Reference<Duration.Input | undefined>(
  "mcp-task-storage/mcp/TaskAfter",
  { defaultValue: () => undefined }
)
