/**
 * Running tasks again that failed.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { isPlainObject } from "../../domain/json/isPlainObject.ts"
import { parseCount, parseMillis } from "../../domain/options/ArgumentParsers.ts"
import { optionNames, parseNames } from "../../domain/options/optionNames.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { quietly } from "./describeThrown.ts"

/**
 * How often a task runs again from its start after it failed, and after what time. It waits durably, without a worker. A
 * `TaskFailure` is an answer to the client, and never retried.
 *
 * @since 0.2.0
 * @category models
 */
export interface RetryPolicy {
  /** How many times it runs again. */
  readonly times: number
  /** How long it waits before the first of them. */
  readonly delay: Duration.Input
  /** By what each wait is longer than the one before: 2 by default. No wait is longer than 30 days. */
  readonly factor?: number | undefined
  /** Which failures are worth another try: all by default. */
  readonly while?: ((error: unknown) => boolean) | undefined
}

/**
 * A policy that was parsed.
 *
 * @since 0.2.0
 * @category models
 */
export interface ParsedRetry {
  /** Gives how many milliseconds to wait after so many retries; `undefined` if there is to be no other. */
  readonly delayAfter: (retries: number, error: unknown) => number | undefined
}

/** Milliseconds. */
const longestDelay = 30 * 86_400_000

const names = optionNames<RetryPolicy>({ times: true, delay: true, factor: true, while: true })

/**
 * Parses a policy.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseRetry = (retry: RetryPolicy): Result.Result<ParsedRetry, InvalidInput> => {
  if (!isPlainObject(retry)) return refuse("retry", "must be an object with times and a delay")
  const { delay, factor = 2, times, while: isWorthIt } = retry
  if (typeof factor !== "number" || !Number.isFinite(factor) || factor < 1) {
    return refuse("retry.factor", "must be a number of at least 1")
  }
  if (isWorthIt !== undefined && typeof isWorthIt !== "function") return refuse("retry.while", "must be a function")
  return Result.map(
    Result.all([
      parseNames(retry, names, "retry."),
      parseCount("retry.times", times),
      parseMillis("retry.delay", delay, 0)
    ]),
    ([, times, delay]) => ({
      delayAfter: (retries, error) =>
        retries < times && (isWorthIt === undefined || quietly(() => isWorthIt(error)) === true)
          ? Math.min(Math.round(delay * factor ** retries), longestDelay)
          : undefined
    })
  )
}

const refuse = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason }))
