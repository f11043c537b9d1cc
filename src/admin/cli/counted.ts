/**
 * Numbers of things, as people read them.
 *
 * @since 0.2.0
 */

/**
 * Writes a number with its thousands apart: `12,345`.
 *
 * @since 0.2.0
 * @category conversions
 */
export const shownCount = (count: number): string => count.toLocaleString("en")

/**
 * Writes so many things: `1 task`, `12,345 tasks`.
 *
 * @since 0.2.0
 * @category conversions
 */
export const counted = (count: number, thing: string): string =>
  `${shownCount(count)} ${thing}${count === 1 ? "" : "s"}`
