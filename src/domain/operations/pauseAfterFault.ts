/**
 * Going on after a failure of the engine.
 *
 * @since 0.2.0
 */

/**
 * How long to wait after a failure of the engine before asking it again, in milliseconds.
 *
 * @since 0.2.0
 * @category constants
 */
export const pauseAfterFault = 1_000
