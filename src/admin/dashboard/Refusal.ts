/**
 * Why the page answers a request with nothing of the storage.
 *
 * @since 0.2.0
 */

/**
 * A refusal: its status, a tag for programs, and what to do about it.
 *
 * @since 0.2.0
 * @category models
 */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 421 | 500 | 503
  readonly tag: string
  readonly message: string
}
