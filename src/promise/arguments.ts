/**
 * Checks of arguments where plain data allows less than the service does. Each throws `InvalidInput`, as the callers
 * reject with it.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { parseNames } from "../domain/options/optionNames.ts"
import { InvalidInput } from "../domain/task/TaskError.ts"

/**
 * Throws `InvalidInput` unless the value is an object.
 *
 * @since 0.1.0
 * @category guards
 */
export const requireObject = (field: string, value: unknown): void => {
  if (!isObject(value)) throw new InvalidInput({ field, reason: "must be an object" })
}

/**
 * Tells whether a value is an object with properties, no array and no function.
 *
 * @since 0.1.0
 * @category guards
 */
export const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * Throws `InvalidInput` unless the value is true or false.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireBoolean = (field: string, value: unknown): void => {
  if (typeof value !== "boolean") throw new InvalidInput({ field, reason: "must be true or false" })
}

/**
 * Throws `InvalidInput` unless the value is a function, or absent.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireFunction = (field: string, value: unknown): void => {
  if (value !== undefined && typeof value !== "function") {
    throw new InvalidInput({ field, reason: "must be a function" })
  }
}

/**
 * Throws `InvalidInput` unless the value is a function that runs tasks. Nothing else stands for it.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireRun = (run: unknown): void => {
  if (typeof run !== "function") throw new InvalidInput({ field: "run", reason: "must be a function" })
}

/**
 * Throws `InvalidInput` for a name that is none of an option.
 *
 * @since 0.1.0
 * @category guards
 */
export const requireNames = (
  options: object,
  names: ReadonlyArray<string>,
  within = "",
  elsewhere: ReadonlyArray<string> = []
): void => {
  Result.getOrThrow(parseNames(options, names, within, elsewhere))
}
