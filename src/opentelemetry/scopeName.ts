/**
 * How this library calls itself.
 *
 * @since 0.2.0
 */

/**
 * The name of the instrumentation scope of spans and metrics.
 *
 * @since 0.2.0
 * @category constants
 */
export const scopeName = "mcp-task-storage"
