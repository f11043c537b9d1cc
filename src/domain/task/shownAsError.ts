/**
 * How errors are shown.
 *
 * @since 0.2.0
 */
import { NodeInspectSymbol } from "effect/Inspectable"

/**
 * Lets the errors of a class be shown as Node shows its own: with their message, their stack and their fields. Effect
 * would show the fields alone. As JSON they have `_tag`, their fields and their message. Stack and cause are left out: they may
 * tell more than the reader should know.
 *
 * @since 0.2.0
 * @category constructors
 */
export const shownAsError = <Class extends { readonly prototype: Error }>(errorClass: Class): Class => {
  Object.defineProperties(errorClass.prototype, {
    // Only a function is called. Node shows the rest by itself.
    [NodeInspectSymbol]: { value: undefined, configurable: true, writable: true },
    toJSON: { value: toJson, configurable: true, writable: true }
  })
  return errorClass
}

const toJson = function(this: Error) {
  const { cause: _, ...fields } = this
  return { ...fields, message: this.message }
}
