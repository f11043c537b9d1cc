/**
 * Code in straight lines that forgets no field.
 *
 * @since 0.2.0
 */

/**
 * An object that tells of each field what was done with it. Nobody looks at it, and the engine does not make it once the
 * code is hot; it is there so that a field which is forgotten does not compile. A table with a function for each field, or
 * a list of names to ask an object for, would say the same and take four times as long.
 *
 * @since 0.2.0
 * @category models
 */
export type EveryField<Field extends string> = { readonly [Name in Field]: unknown }
