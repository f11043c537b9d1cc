/**
 * How long the name of a kind of task may be.
 *
 * @since 0.2.0
 */

/**
 * The longest name of a tool or a prompt. A longer text is no name.
 *
 * @since 0.2.0
 * @category constants
 */
export const maxNameLength = 255
