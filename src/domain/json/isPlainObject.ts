/**
 * Telling data from what only looks like it.
 *
 * @since 0.2.0
 */

/**
 * Tells whether a value is an object literal, also one of another realm, whose prototype is that realm's
 * `Object.prototype`, or one without a prototype.
 *
 * @since 0.2.0
 * @category guards
 */
export const isPlainObject = (value: unknown): value is { readonly [key: string]: unknown } => {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ||
    (typeof prototype === "object" && Object.getPrototypeOf(prototype) === null)
}
