/**
 * Tools that run as tasks, on servers of the official MCP SDK.
 *
 * @since 0.2.0
 */
import type { McpServer, RegisteredTool } from "@modelcontextprotocol/sdk/server/mcp.js"
import type {
  AnySchema,
  SchemaOutput,
  ShapeOutput,
  ZodRawShapeCompat
} from "@modelcontextprotocol/sdk/server/zod-compat.js"
import type { CallToolResult, ToolAnnotations } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { optionNames } from "../../domain/options/optionNames.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { requireNames, requireObject, requireRun } from "../../promise/arguments.ts"
import type { PromiseTaskContext } from "../../promise/PromiseTaskRunner.ts"
import { resolveToolPolicy, toolTaskOptionNames, type ToolTaskOptions } from "../../protocol/TasksOptions.ts"
import { parseToolName, registerTool } from "../../protocol/TaskTool.ts"
import { rememberTool } from "./answerToolCalls.ts"
import { tasksOf } from "./sdkTasks.ts"
import { makeSdkTool } from "./SdkTool.ts"
import { serveTasks } from "./serveTasks.ts"

type ToolSchema = ZodRawShapeCompat | AnySchema

/**
 * The arguments of a tool.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskToolArguments<Input extends undefined | ToolSchema> = Input extends ZodRawShapeCompat
  ? ShapeOutput<Input>
  : Input extends AnySchema ? SchemaOutput<Input>
  : Readonly<Record<string, never>>

/**
 * How a tool is declared, and how its tasks are kept and run. Absent options are those of `openSdkTasks`.
 *
 * @since 0.2.0
 * @category options
 */
export interface TaskToolConfig<Input extends undefined | ToolSchema> extends Omit<ToolTaskOptions, "taskSupport"> {
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly inputSchema?: Input | undefined
  readonly outputSchema?: ToolSchema | undefined
  readonly annotations?: ToolAnnotations | undefined
  readonly _meta?: Record<string, unknown> | undefined
  /** Whether a client may call the tool plainly too, or must call it as a task. */
  readonly taskSupport?: "optional" | "required" | undefined
}

const declarationNames = optionNames<Omit<TaskToolConfig<undefined>, keyof ToolTaskOptions>>({
  _meta: true,
  annotations: true,
  description: true,
  inputSchema: true,
  outputSchema: true,
  title: true
})

/**
 * Registers a tool whose calls run as tasks of `openSdkTasks`. A task is stored before the call is answered. It is settled whatever
 * happens, stopped by `tasks/cancel` through its `signal`, and recovered when its process dies. From the first such tool on this
 * library answers `tasks/*` of the server: `tasks/result` sends the questions of a task (`elicit`, `sample`, `request`) to the
 * client that waits there.
 *
 * `run` gives the result of the call. If it throws, the client gets a result with `isError: true` and the message, as from any tool
 * of the SDK. With a `TaskFailure` the client gets that JSON-RPC error.
 *
 * What to know:
 *
 * - A plain call of an optional tool runs in its request, and nothing of it is stored. Its questions go out on its own stream.
 * - A process recovers tasks of tools that are registered in it. If you make a server for each session, register the tools on one
 *   server at the start of the process too.
 * - Only clients that declare that they answer are asked. On stateless HTTP none can be asked, because the answer would come to
 *   another server. A question is refused there; an elicitation gives `cancel`.
 *
 * Throws `InvalidInput` for a config that it cannot use, and for a server that was not made with the stores of `openSdkTasks`.
 * Throws what the SDK throws if the server does not declare the capability `tasks`.
 *
 * @since 0.2.0
 * @category constructors
 */
export const registerTaskTool = <Input extends undefined | ToolSchema = undefined>(
  server: McpServer,
  name: string,
  config: TaskToolConfig<Input>,
  run: (args: TaskToolArguments<Input>, context: PromiseTaskContext) => CallToolResult | Promise<CallToolResult>
): RegisteredTool => {
  const sdk = tasksOf(server)
  Result.getOrThrow(parseToolName(name))
  requireObject("config", config)
  requireNames(config, [...declarationNames, ...toolTaskOptionNames])
  requireRun(run)
  const { annotations, inputSchema, outputSchema } = config
  const isIdempotent = annotations?.idempotentHint === true
  const policy = Result.getOrThrow(resolveToolPolicy(sdk.tasks.settings, config, isIdempotent))
  const { taskSupport } = policy
  if (taskSupport === "forbidden") {
    const reason = "must be \"optional\" or \"required\": use registerTool of the SDK for a tool that is never a task"
    throw new InvalidInput({ field: "taskSupport", reason })
  }
  const registered = register(server, name, {
    ...declared({ title: config.title, description: config.description, annotations, _meta: config._meta }),
    ...declared({ inputSchema, outputSchema }),
    execution: { taskSupport }
  })
  serveTasks(server, sdk)
  const { exposeErrors, opened, tasks } = sdk
  const tool = makeSdkTool({ name, policy, registered, server, work: { run }, exposeErrors })
  rememberTool(registered, tool)
  Effect.runSyncWith(opened.context)(registerTool(tasks, tool))
  return registered
}

interface Declaration {
  readonly title?: string
  readonly description?: string
  readonly inputSchema?: ToolSchema
  readonly outputSchema?: ToolSchema
  readonly annotations?: ToolAnnotations
  readonly _meta?: Record<string, unknown>
  readonly execution: { readonly taskSupport: "required" | "optional" }
}

const register = (server: McpServer, name: string, declaration: Declaration): RegisteredTool => {
  const { tasks } = server.experimental
  const { inputSchema, ...others } = declaration
  return inputSchema === undefined
    ? tasks.registerToolTask(name, others, neverCalled)
    : tasks.registerToolTask<ToolSchema, ToolSchema>(name, { ...others, inputSchema }, neverCalled)
}

/** The SDK asks for these. Calls are answered before it looks for them. */
const neverCalled = {
  createTask: () => Promise.reject(new Error("This call was to be answered by mcp-task-storage")),
  getTask: () => Promise.reject(new Error("tasks/get was to be answered by mcp-task-storage")),
  getTaskResult: () => Promise.reject(new Error("tasks/result was to be answered by mcp-task-storage"))
}

/** Leaves out what is undefined, which the SDK does not take for absent. */
const declared = <Properties extends object>(
  properties: Properties
): { [Name in keyof Properties]?: Exclude<Properties[Name], undefined> } => {
  const present: { [Name in keyof Properties]?: Exclude<Properties[Name], undefined> } = { ...properties }
  for (const name in present) if (present[name] === undefined) delete present[name]
  return present
}
