/**
 * Looking up data by a key that somebody else chose.
 *
 * @since 0.2.0
 */

/**
 * Gives the value that a map itself holds under a key. `constructor` and `__proto__` are keys like others, but every object
 * inherits something under them.
 *
 * @since 0.2.0
 * @category accessors
 */
export const ownValue = <A>(map: { readonly [key: string]: A } | undefined, key: string): A | undefined =>
  map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined
