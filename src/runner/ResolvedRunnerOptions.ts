/**
 * Parsed options of runners.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import { orAbsent, orNull, parseCount, parseMillis } from "../domain/ArgumentParsers.ts"
import { parseNames } from "../domain/optionNames.ts"
import { parseRepeat } from "../domain/RepeatOption.ts"
import { InvalidInput } from "../domain/TaskError.ts"
import { type TaskRunnerOptions, taskRunnerOptions } from "./TaskRunnerOptions.ts"

/**
 * Options with every default filled in; durations are milliseconds, and `null` is unlimited or never.
 *
 * @since 0.2.0
 * @category models
 */
export interface ResolvedRunnerOptions {
  readonly lease: number
  readonly recoveryInterval: number | null
  readonly maxRunning: number | null
  readonly maxRunningPerSession: number | null
  readonly whenFull: "wait" | "refuse"
  readonly shutdownTimeout: number
  readonly orphanTimeout: number
  readonly resultTtl: number | null
  readonly dispatch: TaskRunnerOptions["dispatch"]
}

/**
 * Parses options, or says which of them is wrong.
 *
 * @since 0.2.0
 * @category constructors
 */
export const resolveRunnerOptions = (
  options: TaskRunnerOptions
): Result.Result<ResolvedRunnerOptions, InvalidInput> =>
  Result.gen(function*() {
    if (typeof options !== "object" || options === null) return yield* refuse("options", "must be an object")
    yield* parseNames(options, taskRunnerOptions)
    const { dispatch, recovery, whenFull = "wait" } = options
    if (whenFull !== "wait" && whenFull !== "refuse") return yield* refuse("whenFull", "must be wait or refuse")
    if (dispatch !== undefined && typeof dispatch !== "function") {
      return yield* refuse("dispatch", "must be a function that gives an Effect")
    }
    return {
      lease: yield* parseMillis("lease", options.lease ?? "30 seconds", 3),
      recoveryInterval: yield* parseRepeat("recovery", recovery ?? (dispatch === undefined ? "10 seconds" : false)),
      maxRunning: yield* orNull(options.maxRunning, (value) => parseCount("maxRunning", value)),
      maxRunningPerSession: yield* orNull(
        options.maxRunningPerSession,
        (value) => parseCount("maxRunningPerSession", value)
      ),
      whenFull,
      shutdownTimeout: yield* parseMillis("shutdownTimeout", options.shutdownTimeout ?? "10 seconds", 0),
      orphanTimeout: yield* parseMillis("orphanTimeout", options.orphanTimeout ?? "1 hour", 0),
      resultTtl: yield* orAbsent(options.resultTtl, (value) => parseMillis("resultTtl", value, 1)),
      dispatch
    }
  })

const refuse = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason }))
