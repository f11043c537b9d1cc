/**
 * The limit of Node's timers.
 *
 * @since 0.1.0
 */

/**
 * The longest that a timer waits, in milliseconds: some 25 days. It would fire at once if it were to wait longer.
 *
 * @since 0.1.0
 * @category constants
 */
export const longestTimer = 2 ** 31 - 1
