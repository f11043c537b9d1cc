/**
 * Who hears what the library has to say.
 *
 * @since 0.2.0
 */
import { optionNames } from "../domain/optionNames.ts"
import { InvalidInput } from "../domain/TaskError.ts"
import { isObject, requireFunction } from "./arguments.ts"

/**
 * What a log line is about: `error` where there is one, and names as those of spans, such as `mcp.task.id`.
 *
 * @since 0.2.0
 * @category models
 */
export interface LogFields {
  readonly [name: string]: unknown
}

/**
 * Takes log lines, as `console` does.
 *
 * @since 0.2.0
 * @category models
 */
export interface PromiseLogger {
  readonly debug: (message: string, fields: LogFields) => void
  readonly info: (message: string, fields: LogFields) => void
  readonly warn: (message: string, fields: LogFields) => void
  readonly error: (message: string, fields: LogFields) => void
}

/**
 * Which task an error came from, and which tool. Both are absent where no task is concerned.
 *
 * @since 0.2.0
 * @category models
 */
export interface ErrorSource {
  readonly taskId?: string
  readonly tool?: string
}

/**
 * Options that say who hears of errors and log lines. Neither function is waited for, and what it throws has no effect.
 *
 * @since 0.2.0
 * @category options
 */
export interface ReportOptions {
  /**
   * Is called with each error that the operator should know and nobody is answered with: a task that threw, an engine that
   * cannot be reached in the background. Without it and without a `logger`, warnings and errors are logged to stderr.
   */
  readonly onError?: ((error: unknown, source: ErrorSource) => void) | undefined
  /**
   * Takes every log line. `console` is one, but it writes `debug` and `info` to stdout, where they would break the protocol
   * of a stdio server: use `new Console(process.stderr)` of `node:console` there.
   */
  readonly logger?: PromiseLogger | undefined
}

/**
 * The names of {@link ReportOptions}.
 *
 * @since 0.2.0
 * @category constants
 */
export const reportOptions = optionNames<ReportOptions>({ logger: true, onError: true })

const logFunctions = optionNames<PromiseLogger>({ debug: true, error: true, info: true, warn: true })

/**
 * Throws `InvalidInput` for an `onError` or a `logger` that cannot be called.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireReportOptions = ({ logger, onError }: ReportOptions): void => {
  requireFunction("onError", onError)
  if (logger === undefined) return
  const given: unknown = logger
  if (!isObject(given) || logFunctions.some((name) => typeof given[name] !== "function")) {
    throw new InvalidInput({
      field: "logger",
      reason: `must be an object with the functions ${logFunctions.join(", ")}`
    })
  }
}
