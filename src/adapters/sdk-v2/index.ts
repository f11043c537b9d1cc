/**
 * Durable tasks for servers that are built with version 2 of the official MCP SDK (`@modelcontextprotocol/server`): the
 * Tasks extension of protocol revision 2026-07-28, over any storage of this library.
 *
 * What to know when you use them:
 *
 * - A client of that revision that declares the extension gets a task at once. Any other client, even one of 2025-11-25, waits for
 *   the result, unless the tool requires a task, and nothing is stored. If the tool asks meanwhile, a client of 2025-11-25 is
 *   asked on the stream of its call. Others get an `input_required` result, if the server has no `requestState.verify` of its
 *   own.
 * - Wrap the handler of `createMcpHandler` in `tasks.listen(handler)`, so that clients may subscribe to tasks. Over stdio
 *   they poll.
 * - If a tool throws, the client gets a result with `isError: true` and the message, as from a plain tool of the SDK. The operator
 *   gets the error by `onError`, and finds it as the `failure` of the task. Throw a `TaskFailure` for a JSON-RPC error.
 * - Register tools when a process starts, so that it takes up tasks that others left.
 *
 * @since 0.2.0
 * @module
 */
export type { PromiseTaskContext } from "../../promise/PromiseTaskRunner.ts"
export type { ErrorSource, LogFields, PromiseLogger } from "../../promise/ReportOptions.ts"
export type { GivenOwner } from "../../protocol/askOwner.ts"
export { type Anonymous, anonymous, type TaskOwner } from "../../protocol/TaskOwner.ts"
export type { TasksLimits, TasksOptions, TaskSupport, ToolTaskOptions } from "../../protocol/TasksOptions.ts"
export { TaskFailure } from "../../runner/handler/TaskContext.ts"
export { TasksExtension } from "./TasksExtension.ts"
export type { OwnerOf, RunnerSource, StorageSource, TasksExtensionOptions, UrlSource } from "./TasksExtensionOptions.ts"
export type { TaskToolConfig, TaskToolRun } from "./TaskTool.ts"
