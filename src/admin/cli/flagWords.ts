/**
 * A flag as a person types it.
 *
 * @since 0.2.0
 */

/**
 * Writes a flag with its value, or nothing where it has none. A value that begins like a flag is written so that it is none.
 *
 * @since 0.2.0
 * @category conversions
 */
export const flagWords = (name: string, value: string | undefined): ReadonlyArray<string> => {
  if (value === undefined) return []
  return value.startsWith("-") ? [`--${name}=${value}`] : [`--${name}`, value]
}
