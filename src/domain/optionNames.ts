/**
 * The names of options, written once beside their type.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import { InvalidInput } from "./TaskError.ts"

/**
 * Gives the names of all options of a type. It does not compile while one of them is missing, or is none.
 *
 * @since 0.2.0
 * @category constructors
 */
export const optionNames = <Options extends object>(
  names: { readonly [Name in keyof Options]-?: true }
): ReadonlyArray<keyof Options & string> => Struct.keys<{ readonly [Name in keyof Options]: unknown }>(names)

/**
 * Refuses a name that is none of an option. `within` is the path to the options.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseNames = (
  options: object,
  names: ReadonlyArray<string>,
  within = ""
): Result.Result<void, InvalidInput> => {
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  return unknown === undefined
    ? Result.void
    : Result.fail(new InvalidInput({ field: `${within}${unknown}`, reason: "is not an option" }))
}
