/**
 * Tools that run as tasks.
 *
 * @since 0.2.0
 */
import {
  type CallToolResult,
  type Icon,
  type InputRequiredResult,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type RegisteredTool,
  type ScopeChallengeHandler,
  type ServerContext,
  type StandardSchemaWithJSON,
  type ToolAnnotations
} from "@modelcontextprotocol/server"
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { isObject } from "../../promise/arguments.ts"
import type { LostWorkerPolicy, PromiseTaskContext, PromiseTaskHandler } from "../../promise/PromiseTaskRunner.ts"
import type { Json, Task } from "../../promise/Task.ts"
import { TaskFailure } from "../../runner/TaskContext.ts"
import { limitTtl, millis, type ResolvedTasksOptions } from "./TasksExtensionOptions.ts"
import { invalidParams } from "./wireErrors.ts"

/**
 * What a tool can do while it runs as a task.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskToolContext extends PromiseTaskContext {
  /**
   * Ends the task with this JSON-RPC error, by throwing. Anything else that a tool throws is told to its client as an
   * internal error without details. A failure that the model should read is a result with `isError: true`.
   */
  readonly fail: (code: number, message: string, data?: Json) => never
}

/**
 * Does the work of a tool, in this process or in another that registered the tool. What it gives is its result.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskToolRun<Args> = (
  args: Args,
  context: TaskToolContext
) => CallToolResult | Promise<CallToolResult>

/**
 * Whether a tool needs a client that declares the Tasks extension. Where it is `optional`, another client waits for the
 * answer.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskSupport = "optional" | "required"

/**
 * What is said of a tool: as for `McpServer.registerTool`, and how it runs as a task.
 *
 * @since 0.2.0
 * @category options
 */
export interface TaskToolConfig<Args> {
  readonly title?: string
  readonly description?: string
  /** Checks the arguments when the tool is called, and again when a worker takes them up. */
  readonly inputSchema: StandardSchemaWithJSON<unknown, Args>
  readonly outputSchema?: StandardSchemaWithJSON
  readonly annotations?: ToolAnnotations
  readonly icons?: Array<Icon>
  readonly scopeChallenge?: ScopeChallengeHandler
  readonly _meta?: Record<string, unknown>
  /** `"optional"` by default. */
  readonly support?: TaskSupport | undefined
  /** The time to live of its tasks, from their creation; `null` for as long as the extension lets it. */
  readonly ttl?: Duration.Input | null | undefined
  readonly pollInterval?: Duration.Input | undefined
  /**
   * What becomes of a task whose worker died. By default it fails, but where the annotation `idempotentHint` says that the
   * tool may run twice, it has three attempts.
   */
  readonly lostWorker?: LostWorkerPolicy | undefined
  /**
   * Is asked before there is a task, and may ask the client for input first; the call then comes again with the
   * responses, in `ctx.mcpReq.inputResponses`, and the tool finds them in its `answers`.
   */
  readonly prepare?:
    | ((
      args: Args,
      ctx: ServerContext
    ) => InputRequiredResult | undefined | Promise<InputRequiredResult | undefined>)
    | undefined
}

/** Answers a call once its arguments are known to be valid. `prepare` gives what is to be asked first. */
type AnswerToolCall = (
  tool: TaskTool,
  ctx: ServerContext,
  prepare: () => Promise<InputRequiredResult | undefined>
) => Promise<CallToolResult | InputRequiredResult>

/**
 * A tool whose types have been forgotten.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskTool {
  readonly name: string
  readonly support: TaskSupport
  readonly ttl: number | null
  readonly pollInterval: number
  /** Whether responses that come with a call belong to it. */
  readonly prepares: boolean
  readonly handler: PromiseTaskHandler
  readonly register: (mcp: McpServer, answer: AnswerToolCall) => RegisteredTool
}

/**
 * @since 0.2.0
 * @category constants
 */
export const toolsCall = "tools/call"

/**
 * Makes a tool that runs as a task.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskTool = <Args>(
  name: string,
  config: TaskToolConfig<Args>,
  run: TaskToolRun<Args>,
  options: ResolvedTasksOptions
): TaskTool => {
  const { lostWorker, pollInterval, prepare, support = "optional", ttl, ...shown } = config
  const tool: TaskTool = {
    name,
    support,
    ttl: limitTtl(ttl === undefined ? options.defaultTtl : ttl, options.maxTtl),
    pollInterval: pollInterval === undefined ? options.pollInterval : millis("pollInterval", pollInterval, 0),
    prepares: prepare !== undefined,
    handler: {
      method: toolsCall,
      name,
      lostWorker: lostWorker ?? (config.annotations?.idempotentHint === true ? { maxAttempts: 3 } : "fail"),
      run: async (task, context) => {
        try {
          const params = readToolParams(task)
          const args = await config.inputSchema["~standard"].validate(params.arguments)
          // They were valid for the version of the tool that was called.
          if (args.issues !== undefined) throw invalidParams("The arguments do not fit this version of the tool")
          const result = await run(args.value, makeToolContext(context, params.answers, options))
          return await checkResult(config.outputSchema, result)
        } catch (error) {
          throw toTaskFailure(error, context.signal, options)
        }
      }
    },
    register: (mcp, answer) =>
      mcp.registerTool(name, shown, (args, ctx) => answer(tool, ctx, async () => prepare?.(args, ctx)))
  }
  return tool
}

const makeToolContext = (
  context: PromiseTaskContext,
  prepared: { readonly [key: string]: Json },
  { maxTtl }: ResolvedTasksOptions
): TaskToolContext => ({
  ...context,
  answers: { ...prepared, ...context.answers },
  setTtl: async (ttl) => context.setTtl(limitTtl(ttl, maxTtl)),
  fail: (code, message, data) => {
    throw new TaskFailure(data === undefined ? { code, message } : { code, message, data })
  }
})

interface ToolParams {
  readonly arguments: unknown
  readonly answers: { readonly [key: string]: Json }
}

const readToolParams = ({ originalParams }: Task): ToolParams => {
  if (!isJsonObject(originalParams)) return { arguments: {}, answers: {} }
  const { inputResponses } = originalParams
  return {
    arguments: originalParams["arguments"] ?? {},
    answers: isJsonObject(inputResponses) ? inputResponses : {}
  }
}

const isJsonObject = (value: Json | undefined): value is { readonly [key: string]: Json } => isObject(value)

/** Keeps the promise that the output schema makes to clients. */
const checkResult = async (
  schema: StandardSchemaWithJSON | undefined,
  result: CallToolResult
): Promise<CallToolResult> => {
  if (!isObject(result)) throw new TypeError("A tool must give an object with content")
  const { content = [], structuredContent } = result
  if (schema !== undefined && result.isError !== true) {
    const output = await schema["~standard"].validate(structuredContent)
    if (output.issues !== undefined) {
      const issues = output.issues.map(({ message }) => message).join("; ")
      throw new TypeError(`What the tool gave does not fit its output schema: ${issues}`)
    }
  }
  return { ...result, content }
}

const isJson = Schema.is(Schema.Json)

/** An error with a code is meant for the client, whatever else was thrown only for whoever runs the server. */
const toTaskFailure = (error: unknown, signal: AbortSignal, { onError }: ResolvedTasksOptions): TaskFailure => {
  if (error instanceof TaskFailure) return error
  if (error instanceof ProtocolError) {
    const { code, message } = error
    return new TaskFailure(isJson(error.data) ? { code, message, data: error.data } : { code, message })
  }
  // Who is told to stop may well throw, and nobody waits for what it was.
  if (!signal.aborted) onError(error)
  return new TaskFailure({ code: ProtocolErrorCode.InternalError, message: "Internal error" })
}
