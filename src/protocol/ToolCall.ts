/**
 * Calls of tools that may become tasks.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type { TaskContext } from "../runner/handler/TaskContext.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import type { SendProgress } from "./ProgressSender.ts"
import type { Ask } from "./Questions.ts"
import type { TaskClient } from "./TaskClient.ts"
import type { TaskTool } from "./TaskTool.ts"
import type { WireError } from "./WireError.ts"

/**
 * What comes of looking at a call before there is a task: the arguments that it is to have, as JSON, with the answers that
 * came with it; or an answer, such as a question to the client, in the server's own form.
 *
 * @since 0.2.0
 * @category models
 */
export type PreparedCall<A> =
  | { readonly _tag: "Ready"; readonly arguments: unknown; readonly inputResponses?: unknown }
  | { readonly _tag: "Answered"; readonly answer: A }

/**
 * A call whose arguments were checked.
 *
 * @since 0.2.0
 * @category models
 */
export type ReadyCall<A> = Extract<PreparedCall<A>, { readonly _tag: "Ready" }>

/**
 * One call, and how this server carries it. `A` is a result in the server's own form, `E` how the server says that a call is
 * wrong.
 *
 * @since 0.2.0
 * @category models
 */
export interface ToolCall<A, E> {
  readonly tool: Pick<TaskTool, "name" | "policy" | "resultOfFailure">
  readonly client: TaskClient
  /** `_meta` of the request. */
  readonly meta: unknown
  /** Whether the server has tasks in the revision of the client, as it has by default in those that know of tasks. */
  readonly hasTasks?: boolean | undefined
  /** The `task` of a call of revision 2025-11-25, as it came. */
  readonly task: unknown
  /** Whose the call is; its principal is stored with the task. */
  readonly owned: Effect.Effect<OwnedTasks, WireError>
  /** Checks the arguments. */
  readonly prepare: Effect.Effect<PreparedCall<A>, E>
  /** Gives the error that wrong arguments are where they are no result: in a call of 2025-11-25 that asks for a task. */
  readonly toWireError: (error: E) => WireError
  /** Does the work in this request. What it fails with is the server's to answer, but for a `TaskFailure`. */
  readonly run: (prepared: ReadyCall<A>) => Effect.Effect<A, E, TaskContext>
  /** Gives a result its form on the wire. */
  readonly toWire: (result: A) => Effect.Effect<unknown>
  /** Asks the client on the stream of this call; absent where the connection carries no requests to it. */
  readonly ask?: Ask | undefined
  readonly sendProgress?: SendProgress | undefined
  /** Whether notifications reach the client once the call is answered, as on a session of revision 2025-11-25. */
  readonly outlivesCall?: boolean | undefined
  /** What a server of revision 2026-07-28 says of itself in each result, if it does. */
  readonly serverInfo?: unknown
  /** What came back with a call that was answered with questions before. */
  readonly requestState?: unknown
  readonly inputResponses?: unknown
}

/**
 * What a call is answered with: a result in the server's own form, or one that is ready for the wire.
 *
 * @since 0.2.0
 * @category models
 */
export type ToolAnswer<A> =
  | { readonly _tag: "Result"; readonly result: A }
  | { readonly _tag: "Wire"; readonly result: Readonly<Record<string, unknown>> }
