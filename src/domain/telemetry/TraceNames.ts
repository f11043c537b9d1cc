/**
 * The names of spans and of their attributes.
 *
 * Where OpenTelemetry has conventions for MCP, for generative AI, for databases or for errors, the names are theirs. The others
 * begin with `mcp.task`.
 *
 * @since 0.2.0
 */
import type { SpanKind } from "effect/Tracer"

/**
 * The attributes of spans and links.
 *
 * @since 0.2.0
 * @category constants
 */
export const traceAttributes = {
  /** The method of the request that became the task, such as `tools/call`, or of a question. */
  method: "mcp.method.name",
  /** `execute_tool`, for the call of a tool. */
  operation: "gen_ai.operation.name",
  tool: "gen_ai.tool.name",
  prompt: "gen_ai.prompt.name",
  /** The name of a task of any other method. */
  name: "mcp.task.name",
  /** The engine that keeps the tasks: `sqlite`, `postgresql`, `aws.dynamodb` or `memory`. */
  database: "db.system.name",
  /** The operation of the storage, such as `settleTask`. */
  databaseOperation: "db.operation.name",
  taskId: "mcp.task.id",
  attempt: "mcp.task.attempt",
  /** The status of the task when the span ended. */
  status: "mcp.task.status",
  /** What became of the run: `settled`, `suspended`, `released` or `skipped`. */
  runResult: "mcp.task.run_result",
  /** How many questions were asked at once. */
  questions: "mcp.task.questions",
  /** How long a task sleeps, in milliseconds. */
  sleepMillis: "mcp.task.sleep_ms",
  /** What a link leads to: `earlier_run` of the task, or the `request` in which it began, if that is in another trace. */
  link: "mcp.task.link",
  /** The code of a JSON-RPC error, `tool_error`, or the class of what was thrown. */
  errorType: "error.type",
  /** The code of the JSON-RPC error that the client gets. */
  errorCode: "rpc.response.status_code"
} as const

type TraceAttribute = (typeof traceAttributes)[keyof typeof traceAttributes]

/**
 * A kind of span: its name, in which `{…}` stands for the value of an attribute or for the name of an operation, and the
 * attributes that it may have.
 *
 * @since 0.2.0
 * @category models
 */
export interface TraceSpan {
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: ReadonlyArray<TraceAttribute>
}

const { attempt, errorCode, errorType, method, name, operation, prompt, questions, runResult } = traceAttributes
const { database, databaseOperation, sleepMillis, status, taskId, tool } = traceAttributes

/**
 * All spans that are made here, but for those of SQL clients.
 *
 * @since 0.2.0
 * @category constants
 */
export const traceSpans = {
  /** One worker's run of a task, or a call without one. Its name ends with the tool only if a handler is registered under that. */
  run: {
    name: `{${method}} {${tool}}`,
    kind: "server",
    attributes: [method, operation, tool, prompt, name, taskId, attempt, status, runResult, errorType, errorCode]
  },
  step: { name: "TaskContext.step", kind: "internal", attributes: [taskId, errorType] },
  sleep: { name: "TaskContext.sleep", kind: "internal", attributes: [taskId, sleepMillis] },
  /** A question to the client, until it is answered. */
  question: { name: `{${method}}`, kind: "client", attributes: [method, taskId, questions, errorType] },
  /** Questions of several methods at once. */
  questions: { name: "TaskContext.request", kind: "client", attributes: [taskId, questions, errorType] },
  /** An operation of the storage, of a caller that is traced. Beneath it are the spans of SQL statements, which their client makes. */
  operation: {
    name: "TaskStorage.{operation}",
    kind: "internal",
    attributes: [database, databaseOperation, taskId, errorType]
  }
} as const satisfies { readonly [span: string]: TraceSpan }
