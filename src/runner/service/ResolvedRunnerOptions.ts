/**
 * Parsed options of runners.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import { isPlainObject } from "../../domain/json/isPlainObject.ts"
import { maxWorkerText } from "../../domain/operations/makeWorkers.ts"
import { orAbsent, orNull, parseCount, parseMillis, parseShortText } from "../../domain/options/ArgumentParsers.ts"
import { optionNames, parseNames } from "../../domain/options/optionNames.ts"
import { parseRepeat } from "../../domain/options/RepeatOption.ts"
import type { RegisterWorker } from "../../domain/options/TaskOptions.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import type { TaskRunnerOptions } from "./TaskRunnerOptions.ts"

const refuse = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason }))

/**
 * Every option, its default, and what it must be. A new one is written here and in its type, and nowhere else: its name
 * and its parsed form are read off this table, and one that is missing does not compile.
 */
const parseEach = ({ dispatch, ...options }: TaskRunnerOptions) => ({
  worker: parseWorker(options.worker ?? {}),
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

const workerNames = optionNames<NonNullable<TaskRunnerOptions["worker"]>>({ name: true, version: true })

const parseWorker = (
  worker: NonNullable<TaskRunnerOptions["worker"]>
): Result.Result<Pick<RegisterWorker, "name" | "version">, InvalidInput> => {
  if (!isPlainObject(worker)) return refuse("worker", "must be an object with a name, a version, or both")
  const { name, version } = worker
  return Result.map(
    Result.all([
      parseNames(worker, workerNames, "worker."),
      orNull(name, (value) => parseShortText("worker.name", value, maxWorkerText)),
      orNull(version, (value) => parseShortText("worker.version", value, maxWorkerText))
    ]),
    () => ({ name, version })
  )
}

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
