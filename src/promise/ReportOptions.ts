/**
 * Who gets the errors and log lines of the library.
 *
 * @since 0.2.0
 */
import { optionNames } from "../domain/options/optionNames.ts"
import { InvalidInput } from "../domain/task/TaskError.ts"
import { isObject, requireFunction } from "./arguments.ts"

/**
 * The fields of a log line: `error` if there is one, and names as in spans, such as `mcp.task.id`.
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
  /** Takes what only a developer looks at. */
  readonly debug: (message: string, fields: LogFields) => void
  /** Takes what happens every day. */
  readonly info: (message: string, fields: LogFields) => void
  /** Takes what an operator should look at some day. */
  readonly warn: (message: string, fields: LogFields) => void
  /** Takes what an operator should look at now. */
  readonly error: (message: string, fields: LogFields) => void
}

/**
 * The task and the tool that an error came from. Both are absent if it came from no task.
 *
 * @since 0.2.0
 * @category models
 */
export interface ErrorSource {
  readonly taskId?: string
  readonly tool?: string
}

/**
 * Options that say who gets errors and log lines. The library does not wait for these functions, and ignores what they throw.
 *
 * @since 0.2.0
 * @category options
 */
export interface ReportOptions {
  /**
   * Gets each error that the operator should know and no call rejects with: a task that threw, an engine that cannot be
   * reached in the background. Without it and without a `logger`, warnings and errors go to stderr.
   */
  readonly onError?: ((error: unknown, source: ErrorSource) => void) | undefined
  /**
   * Gets every log line. `console` is a logger, but it writes `debug` and `info` to stdout, which breaks the protocol of a
   * stdio server. Use `new Console(process.stderr)` of `node:console` there.
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
