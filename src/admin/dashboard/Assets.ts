/**
 * What the page is made of.
 *
 * @since 0.2.0
 */

/**
 * A file that a browser loads. Its path changes with its content, so that it may be kept for ever.
 *
 * @since 0.2.0
 * @category models
 */
export interface Asset {
  readonly path: string
  readonly type: string
  readonly content: string
}

/**
 * @since 0.2.0
 * @category models
 */
export interface Assets {
  readonly script: Asset
  readonly style: Asset
  readonly icon: Asset
}
