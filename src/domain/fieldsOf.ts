/**
 * The names of fields, out of an object that the compiler holds to be complete.
 *
 * @since 0.2.0
 */

/**
 * Gives the keys of an object literal in their order, as what they are.
 *
 * @since 0.2.0
 * @category accessors
 */
export const fieldsOf = <Field extends string>(fields: { readonly [Key in Field]: unknown }): ReadonlyArray<Field> => {
  const isField = (key: string): key is Field => Object.hasOwn(fields, key)
  return Object.keys(fields).filter(isField)
}
