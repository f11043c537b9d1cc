/**
 * The option of every call.
 *
 * @since 0.2.0
 */

/**
 * Stops a call.
 *
 * @since 0.2.0
 * @category options
 */
export interface SignalOption {
  /**
   * Stops the call. It then rejects with `signal.reason`. A write that had not begun is not done. A write that had begun may
   * be done.
   */
  readonly signal?: AbortSignal | undefined
}
