/**
 * What the drop-ins for the official MCP SDK can be told.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CreateTask } from "../../domain/options/TaskOptions.ts"
import type { SessionTasks, TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import type { ReportOptions } from "../../promise/ReportOptions.ts"
import { OwnerMissing } from "../../protocol/TaskOwner.ts"
import { failWire } from "../../protocol/WireError.ts"
import { toMcpError } from "./mcpErrors.ts"
import { refuse, type SdkRefusal } from "./SdkRefusal.ts"

/**
 * Who can reach a task.
 *
 * - `"session"`: the session that created it. `undefined`, as on stdio and on stateless HTTP, stands for the tasks that
 *   are bound to no session. After a restart of a stateful HTTP server its old session ids, and with them the tasks
 *   bound to them, are out of reach.
 * - `"task"`: whoever knows its id, which nobody can guess. Lists still show a session its own tasks only, so that ids
 *   are not given away.
 * - a function: whoever is the same principal, such as a user. It is asked for the principal of a session on every call;
 *   a session without one (`undefined`) reaches what that session itself created. Where there is no session either, the
 *   request is refused.
 *
 * @since 0.1.0
 * @category options
 */
export type SdkTaskScope = "session" | "task" | ((sessionId: string | undefined) => string | undefined)

/**
 * Options of the drop-ins for the official MCP SDK. Durations given as numbers are milliseconds.
 *
 * @since 0.1.0
 * @category options
 */
export interface SdkTaskStoreOptions {
  /** Who can reach a task: `"session"` by default. */
  readonly scope?: SdkTaskScope | undefined
  /** The poll interval of tasks that have none: one second by default. */
  readonly pollInterval?: Duration.Input | undefined
  /** How long a message waits for the client of its task: 24 hours by default. */
  readonly messageTtl?: Duration.Input | undefined
  /** How long an operation is repeated while the engine fails for a moment: 10 seconds by default. */
  readonly retryFor?: Duration.Input | undefined
  /**
   * Is called with each failure of which the client sees only that there was one. By default the message of what the
   * engine did is logged to stderr.
   */
  readonly onError?: ReportOptions["onError"]
}

/**
 * The tasks that a session reaches by id, and those that are its own to list and create.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScopedTasks {
  readonly reachable: SessionTasks
  readonly own: SessionTasks
  readonly canList: boolean
  /** Creates one that is the session's own, as far as its limits go. */
  readonly createTask: (
    task: CreateTask
  ) => Effect.Effect<TaskRecord, Effect.Error<ReturnType<SessionTasks["createTask"]>> | SdkRefusal>
}

/**
 * How a store finds the tasks of a request, and how long its tasks live.
 *
 * @since 0.2.0
 * @category models
 */
export interface StoreAccess {
  /** Gives the tasks of the request that is served, by its session where there is one. */
  readonly tasksOf: (sessionId: string | undefined) => Effect.Effect<ScopedTasks, SdkRefusal>
  /** Gives the time to live of a task for which this one was asked. */
  readonly ttlOf: (ttl: number | null | undefined) => number | null | undefined
  /** How long a task lives once it has ended. */
  readonly resultTtl?: Duration.Input | undefined
}

/**
 * Gives access under a scope.
 *
 * @since 0.2.0
 * @category constructors
 */
export const scopedAccess = (
  storage: TaskStorageShape,
  { scope = "session" }: Pick<SdkTaskStoreOptions, "scope">
): StoreAccess => ({
  // What a function of the user throws must not reach a client, so it is called inside the effect.
  tasksOf: (sessionId) =>
    Effect.suspend(() => {
      const principal = typeof scope === "function" ? principalOf(scope(sessionId)) : undefined
      if (typeof scope === "function" && principal === undefined && sessionId === undefined) {
        const reason = "the scope gives none for this request, which has no session either"
        return Effect.catch(failWire(new OwnerMissing({ reason })), (error) => refuse(toMcpError(error)))
      }
      const own = storage.forSession(principal ?? sessionId ?? null)
      return Effect.succeed({
        own,
        reachable: scope === "task" ? storage : own,
        canList: true,
        createTask: own.createTask
      })
    }),
  ttlOf: (ttl) => ttl
})

/** A function without a compiler may give anything, a promise for one; that must not look like a user without tasks. */
const principalOf = (principal: unknown): string | undefined => {
  if (principal === undefined || (typeof principal === "string" && principal !== "")) return principal
  throw new InvalidInput({ field: "scope", reason: "must give a string that is not empty, or undefined" })
}
