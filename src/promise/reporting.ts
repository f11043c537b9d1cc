/**
 * How the log lines of effects reach the person who runs the server.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { taskIdAnnotation, taskNameAnnotation } from "../runner/tracing/taskAnnotations.ts"
import type { ErrorSource, LogFields, PromiseLogger, ReportOptions } from "./ReportOptions.ts"

/** A log line as plain data. */
interface LogLine {
  readonly level: keyof PromiseLogger
  readonly message: string
  /** The error that it tells of: none or one, since `undefined` can be thrown too. */
  readonly errors: ReadonlyArray<unknown>
  readonly annotations: LogFields
}

/**
 * Gives the references with which log lines go to `logger`, and their errors to `onError`. Without either, warnings and
 * errors go to stderr. Nothing goes to stdout, where it would break the protocol of a stdio server. Nothing goes to spans either: an error
 * of a tool may quote a payload.
 *
 * @since 0.2.0
 * @category constructors
 */
export const reporting = ({ logger, onError }: ReportOptions): Context.Context<never> => {
  const report = (line: LogLine): void => {
    const isHeard = onError !== undefined && (line.level === "error" || (line.level === "warn" && hasError(line)))
    if (isHeard) guarded("onError", () => onError(errorOf(line), sourceOf(line)))
    if (logger !== undefined) guarded("logger", () => write(logger, line))
    else if (!isHeard) write(console, line)
  }
  const lines = Logger.make<unknown, void>((options) => guarded("logger", () => report(lineOf(options))))
  return Context.make(Logger.CurrentLoggers, new Set([lines])).pipe(
    Context.add(References.MinimumLogLevel, logger === undefined ? "Warn" : "All"),
    // For what a layer of a third party logs through a logger of Effect.
    Context.add(Logger.LogToStderr, true)
  )
}

const lineOf = ({ cause, fiber, logLevel, message }: Logger.Options<unknown>): LogLine => {
  const parts: ReadonlyArray<unknown> = Array.isArray(message) ? message : [message]
  const given = parts.filter((part) => typeof part !== "string").slice(0, 1)
  return {
    level: levelOf(logLevel),
    message: parts.filter((part) => typeof part === "string").join(" "),
    errors: cause.reasons.length === 0 ? given : [Cause.squash(cause)],
    annotations: fiber.getRef(References.CurrentLogAnnotations)
  }
}

const levelOf = (level: Logger.Options<unknown>["logLevel"]): keyof PromiseLogger => {
  switch (level) {
    case "Fatal":
    case "Error":
    case "None":
      return "error"
    case "Warn":
      return "warn"
    case "Info":
      return "info"
    case "Debug":
    case "Trace":
    case "All":
      return "debug"
  }
}

/** Gives what the logger gave: a promise of it may reject. */
const write = (logger: PromiseLogger, { annotations, errors, level, message }: LogLine): unknown => {
  const fields = errors.length === 0 ? { ...annotations } : { ...annotations, error: errors[0] }
  return logger[level](`mcp-task-storage: ${message}`, fields)
}

const hasError = ({ errors }: LogLine): boolean => errors.length > 0

const errorOf = (line: LogLine): unknown => hasError(line) ? line.errors[0] : new Error(line.message)

const sourceOf = ({ annotations }: LogLine): ErrorSource => {
  const { [taskIdAnnotation]: taskId, [taskNameAnnotation]: tool } = annotations
  return {
    ...(typeof taskId === "string" ? { taskId } : {}),
    ...(typeof tool === "string" ? { tool } : {})
  }
}

/** Calls a function of the user, whose own failures must not become those of a task. */
const guarded = (name: string, call: () => unknown): void => {
  const failed = () => write(console, { level: "error", message: `${name} failed`, errors: [], annotations: {} })
  try {
    Promise.resolve(call()).catch(failed)
  } catch {
    failed()
  }
}
