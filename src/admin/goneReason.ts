/**
 * Why nothing is done with a task that is gone.
 *
 * @since 0.2.0
 */

/**
 * The reason that a person reads.
 *
 * @since 0.2.0
 * @category constants
 */
export const goneReason = "it does not exist any more"
