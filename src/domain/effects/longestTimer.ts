/**
 * The limit of Node's timers.
 *
 * @since 0.1.0
 */

/**
 * The longest time that a timer can wait, in milliseconds: about 25 days. A longer one would fire at once.
 *
 * @since 0.1.0
 * @category constants
 */
export const longestTimer = 2 ** 31 - 1
