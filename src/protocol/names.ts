/**
 * Names and codes that the protocol fixes.
 *
 * @since 0.2.0
 */

/**
 * Names the extension of revision 2026-07-28.
 *
 * @since 0.2.0
 * @category constants
 */
export const tasksExtension = "io.modelcontextprotocol/tasks"

/**
 * Names the one request that becomes a task.
 *
 * @since 0.2.0
 * @category constants
 */
export const toolsCall = "tools/call"

/**
 * Names the question whose answer can say by itself that nobody answers.
 *
 * @since 0.2.0
 * @category constants
 */
export const elicitation = "elicitation/create"

/**
 * Keys of `_meta`: the task that a message of revision 2025-11-25 belongs to, a subscription, and the server.
 *
 * @since 0.2.0
 * @category constants
 */
export const relatedTaskKey = "io.modelcontextprotocol/related-task"
export const subscriptionIdKey = "io.modelcontextprotocol/subscriptionId"
export const serverInfoKey = "io.modelcontextprotocol/serverInfo"

/**
 * Names what a stream of subscriptions begins with.
 *
 * @since 0.2.0
 * @category constants
 */
export const acknowledged = "notifications/subscriptions/acknowledged"

/**
 * Codes of errors.
 *
 * @since 0.2.0
 * @category constants
 */
export const invalidRequest = -32600
export const methodNotFound = -32601
export const invalidParams = -32602
export const internalErrorCode = -32603
export const headerMismatch = -32020
export const missingCapabilityCode = -32021
