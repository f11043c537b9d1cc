/**
 * The tasks behind servers of the official MCP SDK.
 *
 * @since 0.2.0
 */
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { type OpenedRunner, runnerClosed } from "../../promise/openRunner.ts"
import type { OwnedTasks } from "../../protocol/OwnedTasks.ts"
import type { Tasks } from "../../protocol/Tasks.ts"
import { hidingDefects, shownFailure, type WireError } from "../../protocol/WireError.ts"
import type { SdkStores } from "./makeSdkTaskStore.ts"
import { toMcpError } from "./mcpErrors.ts"
import { ownerOf, type Ownership } from "./ownership.ts"
import { type Extra, storeOf } from "./sdkSeams.ts"

/**
 * What the tools and the requests of servers stand on.
 *
 * @since 0.2.0
 * @category models
 */
export interface SdkTasks extends SdkStores {
  readonly tasks: Tasks
  readonly opened: OpenedRunner
  readonly owner: Ownership
  /** Whether clients see the message of what a tool throws. */
  readonly exposeErrors: boolean
}

const byStore = new WeakMap<object, SdkTasks>()

/**
 * Remembers what was opened together with a store.
 *
 * @since 0.2.0
 * @category accessors
 */
export const rememberTasks = (tasks: SdkTasks): void => {
  byStore.set(tasks.taskStore, tasks)
}

/**
 * Gives the tasks of a server. Throws `InvalidInput` when it was not made with the stores that `openSdkTasks` gives.
 *
 * @since 0.2.0
 * @category accessors
 */
export const tasksOf = (server: McpServer): SdkTasks => {
  const store = storeOf(server)
  const tasks = typeof store === "object" && store !== null ? byStore.get(store) : undefined
  if (tasks !== undefined) return tasks
  const reason = "must have the taskStore and the taskMessageQueue of openSdkTasks among its options"
  throw new InvalidInput({ field: "server", reason })
}

/**
 * Gives the tasks that a request may reach.
 *
 * @since 0.2.0
 * @category accessors
 */
export const ownedBy = ({ owner, tasks }: SdkTasks, extra: Extra): Effect.Effect<OwnedTasks, WireError> =>
  Effect.map(ownerOf(owner, extra), tasks.ownedBy)

/**
 * Answers a request by an effect, which ends when the request is cancelled. Rejects with what the client is to see.
 *
 * @since 0.2.0
 * @category handlers
 */
export const answerBy = async <A>(
  { opened }: SdkTasks,
  { signal }: Extra,
  effect: Effect.Effect<A, WireError>
): Promise<A> => {
  const exit = await opened.run(hidingDefects(effect), signal)
  if (Exit.isSuccess(exit)) return exit.value
  signal.throwIfAborted()
  // What nobody stopped was stopped by the end of the runner.
  const failure = Option.getOrElse(Exit.findErrorOption(exit), () => runnerClosed("answer"))
  throw toMcpError(await Effect.runPromiseWith(opened.context)(shownFailure(failure)))
}
