/**
 * Checks of questions before anybody is asked. A question that cannot be answered would wait for ever.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { parseMillis } from "../../domain/options/ArgumentParsers.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import type { InputRequest } from "./TaskContext.ts"

/**
 * Gives the keys of requests. Throws `InvalidInput` for a value that is no request.
 *
 * @since 0.2.0
 * @category parsers
 */
export const keysOfRequests = (requests: { readonly [key: string]: InputRequest }): ReadonlyArray<string> => {
  const given: unknown = requests
  if (!isObject(given)) throw refusal("requests", "must be an object of requests by key")
  const keys = Object.keys(given)
  if (keys.length === 0) throw refusal("requests", "must hold a request at least, or nothing is ever answered")
  for (const key of keys) {
    const request: unknown = given[key]
    if (!isObject(request)) throw refusal(`requests.${key}`, "must be an object with a method")
    if (typeof request["method"] !== "string" || request["method"] === "") {
      throw refusal(`requests.${key}.method`, "must be the name of a method")
    }
  }
  return keys
}

/**
 * Throws `InvalidInput` for a value that is no string.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireString = (field: string, value: unknown): void => {
  if (typeof value !== "string") throw refusal(field, "must be a string")
}

/**
 * Throws `InvalidInput` for params that ask a person nothing.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireElicitParams = (params: unknown): void => {
  if (!isObject(params)) throw refusal("params", "must be an object with a message")
  requireString("params.message", params["message"])
}

/**
 * Throws `InvalidInput` for an invalid amount of progress.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireAmount = (amount: unknown): void => {
  if (amount === undefined) return
  if (!isObject(amount)) throw refusal("amount", "must be an object with the progress made")
  if (!Number.isFinite(amount["progress"])) throw refusal("amount.progress", "must be a number")
  if (amount["total"] !== undefined && !Number.isFinite(amount["total"])) {
    throw refusal("amount.total", "must be a number")
  }
}

/**
 * Gives how many milliseconds a sleep takes. Throws `InvalidInput` for a value that is no duration, and for a key that is no string.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseSleep = (key: unknown, duration: Duration.Input): number => {
  requireString("key", key)
  return Result.getOrThrow(parseMillis("duration", duration, 0))
}

const refusal = (field: string, reason: string): InvalidInput => new InvalidInput({ field, reason })

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)
