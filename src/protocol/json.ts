/**
 * Values that JSON can carry.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import type { Json } from "effect/Schema"
import { parseJson } from "../domain/options/ArgumentParsers.ts"

/**
 * Gives a value as JSON carries it; `undefined` where it cannot.
 *
 * @since 0.2.0
 * @category converting
 */
export const toJson = (value: unknown): Json | undefined =>
  value === undefined ? undefined : Result.getOrUndefined(parseJson("value", value))?.decode()

/**
 * Tells whether JSON is an object, and no array.
 *
 * @since 0.2.0
 * @category guards
 */
export const isJsonObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value)
