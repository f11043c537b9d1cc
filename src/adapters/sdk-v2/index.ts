/**
 * Durable tasks for servers that are built with version 2 of the official MCP SDK (`@modelcontextprotocol/server`): the
 * Tasks extension of protocol revision 2026-07-28, over any storage of this library.
 *
 * What to know when you use them:
 *
 * - Clients of that revision decide by declaring the extension: then a call is answered with a task at once. Where a tool
 *   does not require it, every other client, also one of 2025-11-25, waits for the result; what the tool asks meanwhile it
 *   gets as an `input_required` result, if the server has no `requestState.verify` of its own.
 * - Wrap the handler of `createMcpHandler` in `tasks.listen(handler)`, so that clients may subscribe to tasks. Over stdio
 *   they poll.
 * - What a tool throws is told to the client as an internal error without details, and to the operator by `onError`. Give
 *   a result with `isError: true` for what the model should read, and call `fail` for a JSON-RPC error.
 * - Tools should be registered when a process starts, so that it takes up tasks that others left.
 *
 * @since 0.2.0
 * @module
 */
export type { ErrorSource, LogFields, PromiseLogger } from "../../promise/ReportOptions.ts"
export { TaskFailure } from "../../runner/TaskContext.ts"
export { TasksExtension } from "./TasksExtension.ts"
export type {
  OwnerOf,
  RunnerSource,
  StorageSource,
  TaskOwner,
  TasksExtensionOptions,
  TasksOwnership
} from "./TasksExtensionOptions.ts"
export type { TaskSupport, TaskToolConfig, TaskToolContext, TaskToolRun } from "./TaskTool.ts"
