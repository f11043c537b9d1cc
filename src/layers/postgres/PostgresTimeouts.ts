/**
 * How long PostgreSQL is waited for.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import { parseMillis } from "../../domain/options/ArgumentParsers.ts"
import type { InvalidInput } from "../../domain/task/TaskError.ts"
import type { PostgresDriverOptions } from "./PostgresOptions.ts"

/**
 * The waits of a driver, in milliseconds.
 *
 * @since 0.2.0
 * @category models
 */
export interface PostgresTimeouts {
  readonly lockTimeout: number
  readonly statementTimeout: number
}

/**
 * Parses the waits, with their defaults.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseTimeouts = (options: PostgresDriverOptions): Result.Result<PostgresTimeouts, InvalidInput> =>
  Result.flatMap(parseMillis("lockTimeout", options.lockTimeout ?? "5 seconds", 0), (lockTimeout) =>
    Result.map(
      parseMillis("statementTimeout", options.statementTimeout ?? "10 seconds", 1),
      (statementTimeout) => ({ lockTimeout, statementTimeout })
    ))
