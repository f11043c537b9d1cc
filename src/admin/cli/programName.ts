/**
 * The name of the program.
 *
 * @since 0.2.0
 */

/**
 * The name of the program.
 *
 * @since 0.2.0
 * @category constants
 */
export const programName = "mcp-task-storage"
