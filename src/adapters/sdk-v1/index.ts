/**
 * Durable tasks for servers that are built with the official MCP SDK, version 1 (`@modelcontextprotocol/sdk`): its
 * `TaskStore` and its `TaskMessageQueue`, kept in any storage of this library.
 *
 * What to know when you use them:
 *
 * - Tools that `registerTaskTool` adds, on the tasks of `openSdkTasks`, are run by this library, which then answers what clients
 *   ask of tasks. Over HTTP say whose tasks are by `owner`.
 * - Where a tool runs its tasks itself, the server should fail at its start what a predecessor left unfinished, with
 *   `storage.recoverStuckTasks`; clients that wait for those tasks then get an answer.
 * - On stateless HTTP no request has a session, so with `openSdkTaskStore` every client may list every task. Do not declare
 *   the capability `tasks.list` there: ids are unguessable, and a client that knows one got it from its own task.
 * - `status` is what protocol revision 2025-11-25 demands: a tool result with `isError: true` shows as `failed`, also
 *   where the server stored it as `completed`. `tasks/result` gives it as it was stored.
 * - The SDK never calls the handlers `getTask` and `getTaskResult` that it asks for in `registerToolTask`; it answers
 *   from the store.
 * - Clients built with `@modelcontextprotocol/ext-tasks` (its generation for 2025-11-25) call `tasks/result` only after a
 *   task has ended, and questions are put on that very call: with them a task that asks needs the option `inputOnPoll`. Nor
 *   do they fetch the results of failed tasks, whose `statusMessage` says why.
 *
 * @since 0.1.0
 * @module
 */
export type { LayerSource } from "../../promise/LayerSource.ts"
export type { PromiseTaskContext } from "../../promise/PromiseTaskRunner.ts"
export type { ErrorSource, LogFields, PromiseLogger } from "../../promise/ReportOptions.ts"
export type { Dispatch } from "../../promise/RunnerOptions.ts"
export type { GivenOwner } from "../../protocol/askOwner.ts"
export { type Anonymous, anonymous, type TaskOwner } from "../../protocol/TaskOwner.ts"
export type { TasksLimits, TasksOptions, TaskSupport, ToolTaskOptions } from "../../protocol/TasksOptions.ts"
export { TaskFailure } from "../../runner/handler/TaskContext.ts"
export { makeSdkTaskStore, type SdkStores } from "./makeSdkTaskStore.ts"
export {
  type LayerSdkTasksOptions,
  type OpenedSdkTasks,
  openSdkTasks,
  type OpenSdkTasksOptions,
  type SdkTasksOptions
} from "./openSdkTasks.ts"
export {
  type LayerSdkTaskStoreOptions,
  type OpenedSdkStores,
  openSdkTaskStore,
  type OpenSdkTaskStoreOptions
} from "./openSdkTaskStore.ts"
export type { OwnerOf } from "./ownership.ts"
export { registerTaskTool, type TaskToolArguments, type TaskToolConfig } from "./registerTaskTool.ts"
export type { RunPromiseExit } from "./SdkCalls.ts"
export type { SdkRefusal } from "./SdkRefusal.ts"
export { SdkTaskMessageQueue } from "./SdkTaskMessageQueue.ts"
export { SdkTaskStore } from "./SdkTaskStore.ts"
export type { ScopedTasks, SdkTaskScope, SdkTaskStoreOptions, StoreAccess } from "./SdkTaskStoreOptions.ts"
