/**
 * Parsed options of runners.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import { orAbsent, orNull, parseCount, parseMillis } from "../domain/ArgumentParsers.ts"
import { parseNames } from "../domain/optionNames.ts"
import { parseRepeat } from "../domain/RepeatOption.ts"
import { InvalidInput } from "../domain/TaskError.ts"
import type { TaskRunnerOptions } from "./TaskRunnerOptions.ts"

const refuse = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason }))

/**
 * Every option, its default, and what it must be. A new one is written here and in its type, and nowhere else: its name
 * and its parsed form are read off this table, and one that is missing does not compile.
 */
const parseEach = ({ dispatch, ...options }: TaskRunnerOptions) => ({
  lease: parseMillis("lease", options.lease ?? "30 seconds", 3),
  recovery: parseRepeat("recovery", options.recovery ?? (dispatch === undefined ? "10 seconds" : false)),
  maxRunning: orNull(options.maxRunning, (value) => parseCount("maxRunning", value)),
  maxRunningPerSession: orNull(
    options.maxRunningPerSession,
    (value) => parseCount("maxRunningPerSession", value)
  ),
  whenFull: parseWhenFull(options.whenFull ?? "wait"),
  shutdownTimeout: parseMillis("shutdownTimeout", options.shutdownTimeout ?? "10 seconds", 0),
  orphanTimeout: parseMillis("orphanTimeout", options.orphanTimeout ?? "1 hour", 0),
  resultTtl: orAbsent(options.resultTtl, (value) => parseMillis("resultTtl", value, 1)),
  dispatch: dispatch === undefined || typeof dispatch === "function"
    ? Result.succeed(dispatch)
    : refuse("dispatch", "must be a function that gives an Effect")
} satisfies { readonly [Name in keyof TaskRunnerOptions]-?: Result.Result<unknown, InvalidInput> })

const parseWhenFull = (whenFull: "wait" | "refuse"): Result.Result<"wait" | "refuse", InvalidInput> =>
  whenFull === "wait" || whenFull === "refuse"
    ? Result.succeed(whenFull)
    : refuse("whenFull", "must be wait or refuse")

type Parsers = ReturnType<typeof parseEach>

/**
 * Options with every default filled in; durations are milliseconds, and `null` is unlimited or never.
 *
 * @since 0.2.0
 * @category models
 */
export type ResolvedRunnerOptions = {
  readonly [Name in keyof Parsers]: Result.Result.Success<Parsers[Name]>
}

/**
 * The names of the options of runners.
 *
 * @since 0.2.0
 * @category constants
 */
export const taskRunnerOptions: ReadonlyArray<keyof TaskRunnerOptions> = Struct.keys(parseEach({}))

/**
 * Parses options, or says which of them is wrong.
 *
 * @since 0.2.0
 * @category constructors
 */
export const resolveRunnerOptions = (
  options: TaskRunnerOptions
): Result.Result<ResolvedRunnerOptions, InvalidInput> => {
  if (typeof options !== "object" || options === null) return refuse("options", "must be an object")
  return Result.flatMap(parseNames(options, taskRunnerOptions), () => Result.all(parseEach(options)))
}
