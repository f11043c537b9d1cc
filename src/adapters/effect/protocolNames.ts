/**
 * Names and codes that the protocol fixes.
 *
 * @since 0.2.0
 */

/**
 * The extension of revision 2026-07-28.
 *
 * @since 0.2.0
 * @category constants
 */
export const tasksExtension = "io.modelcontextprotocol/tasks"

/** The key of `_meta` under which revision 2025-11-25 names the task that a message belongs to. */
export const relatedTaskKey = "io.modelcontextprotocol/related-task"

/** The key of `_meta` that names a subscription. */
export const subscriptionIdKey = "io.modelcontextprotocol/subscriptionId"

/** The key of `_meta` under which a result names the server. */
export const serverInfoKey = "io.modelcontextprotocol/serverInfo"

export const methodNotFound = -32601
export const invalidParams = -32602
export const internalErrorCode = -32603
export const headerMismatch = -32020
export const missingCapabilityCode = -32021
