/**
 * Tools that run as tasks, on servers of the official MCP SDK.
 *
 * @since 0.2.0
 */
import type { CreateTaskRequestHandlerExtra } from "@modelcontextprotocol/sdk/experimental/tasks"
import type { McpServer, RegisteredTool } from "@modelcontextprotocol/sdk/server/mcp.js"
import type {
  AnySchema,
  SchemaOutput,
  ShapeOutput,
  ZodRawShapeCompat
} from "@modelcontextprotocol/sdk/server/zod-compat.js"
import type { CallToolResult, CreateTaskResult, ToolAnnotations } from "@modelcontextprotocol/sdk/types.js"
import { isObject } from "../../promise/arguments.ts"
import type { LostWorkerPolicy, PromiseTaskContext } from "../../promise/PromiseTaskRunner.ts"
import { answerTaskResults } from "./answerTaskResults.ts"
import { InputDelivery } from "./InputDelivery.ts"
import { runTool } from "./runTool.ts"
import { type SdkTasks, tasksOf } from "./sdkTasks.ts"
import { startContext } from "./taskStarts.ts"

type ToolSchema = ZodRawShapeCompat | AnySchema

/**
 * What a tool gets as its arguments.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskToolArguments<Input extends undefined | ToolSchema> = Input extends ZodRawShapeCompat
  ? ShapeOutput<Input>
  : Input extends AnySchema ? SchemaOutput<Input>
  : Readonly<Record<string, never>>

/**
 * How a tool is declared, and how its tasks are run. Durations are milliseconds.
 *
 * @since 0.2.0
 * @category options
 */
export interface TaskToolConfig<Input extends undefined | ToolSchema> {
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly inputSchema?: Input | undefined
  readonly outputSchema?: ToolSchema | undefined
  readonly annotations?: ToolAnnotations | undefined
  readonly _meta?: Record<string, unknown> | undefined
  /**
   * Whether a client must call the tool as a task, which is the default, or may call it plainly as well; then the answer
   * waits for the task, which is cancelled when the client goes away.
   */
  readonly taskSupport?: "required" | "optional" | undefined
  /** How long a task is kept, from its creation, where the client does not say: `null` is unlimited. */
  readonly ttl?: number | null | undefined
  /** What a client should wait between polls; that of the stores by default. */
  readonly pollInterval?: number | undefined
  /**
   * What becomes of a task whose worker died: it fails, which is the default; or it runs again, at most so often. That is
   * the default, three times, for a tool with the annotation `idempotentHint`.
   */
  readonly lostWorker?: LostWorkerPolicy | undefined
  /** Gives what is stored with a task as its `principal`, which whoever runs it finds in its context. */
  readonly principal?: ((extra: CreateTaskRequestHandlerExtra) => unknown) | undefined
}

/**
 * Registers a tool whose calls run as tasks of `openSdkTasks`: stored before they are answered, with a sign of life while
 * they run, settled whatever happens, stopped by `tasks/cancel` through their `signal`, recovered when their process
 * died. `tasks/result` of the server then delivers what tasks ask (`elicit`, `sample`, `request`) to whoever calls it.
 *
 * `run` gives the result of the call. A `TaskFailure` or an `McpError` that it rejects with becomes the JSON-RPC error of
 * the task; anything else an internal error without details, unlike a plain tool of the SDK, which shows the message to
 * the client. Give a result with `isError: true` to say what went wrong.
 *
 * What to know:
 *
 * - Tasks of a process that died are recovered where their tool is registered. A server for each session registers it
 *   with the first one: register the tools on one server at the start of the process too.
 * - Questions reach clients that call `tasks/result`, as those of the SDK do when a task asks for input, on any server that
 *   can send requests on that stream; on stateless HTTP none can, since the answer comes to another server. A client
 *   that cannot be asked counts as one that cancels; where it answers another request with an error, the task gets
 *   `{ error: { code, message } }`.
 * - A client without tasks that calls an optional tool is asked on the stream of its call.
 *
 * Throws `InvalidInput` when the server was not made with the stores of `openSdkTasks`, and what the SDK throws where the
 * server does not declare the capability `tasks`.
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
  const tasks = tasksOf(server)
  const { annotations, inputSchema, lostWorker, outputSchema, taskSupport = "required" } = config
  const createTask = (extra: CreateTaskRequestHandlerExtra) => startTask(server, tasks, config, extra)
  answerTaskResults(server, tasks)
  const tool = register(server, name, {
    ...declared({ title: config.title, description: config.description, annotations, _meta: config._meta }),
    ...declared({ inputSchema, outputSchema }),
    execution: { taskSupport }
  }, createTask)
  tasks.runner.register({
    method: "tools/call",
    name,
    lostWorker: lostWorker ?? (annotations?.idempotentHint === true ? { maxAttempts: 3 } : "fail"),
    run: runTool(name, tool, { run })
  })
  return tool
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

type CreateTask = (extra: CreateTaskRequestHandlerExtra) => Promise<CreateTaskResult>

const register = (
  server: McpServer,
  name: string,
  declaration: Declaration,
  createTask: CreateTask
): RegisteredTool => {
  const { tasks } = server.experimental
  const { inputSchema, ...others } = declaration
  if (inputSchema === undefined) return tasks.registerToolTask(name, others, { ...unused, createTask })
  const handler = { ...unused, createTask: (_: unknown, extra: CreateTaskRequestHandlerExtra) => createTask(extra) }
  return tasks.registerToolTask<ToolSchema, ToolSchema>(name, { ...others, inputSchema }, handler)
}

/** The SDK asks for these, and answers from the store without ever calling them. */
const unused = {
  getTask: () => Promise.reject(new Error("The SDK answers tasks/get from the store")),
  getTaskResult: () => Promise.reject(new Error("The SDK answers tasks/result from the store"))
}

/** Leaves out what is undefined, which the SDK does not take for absent. */
const declared = <Properties extends object>(
  properties: Properties
): { [Name in keyof Properties]?: Exclude<Properties[Name], undefined> } => {
  const present: { [Name in keyof Properties]?: Exclude<Properties[Name], undefined> } = { ...properties }
  for (const name in present) if (present[name] === undefined) delete present[name]
  return present
}

/** Stores the task and begins it. A call that is none of a task waits for its end here. */
const startTask = async (
  server: McpServer,
  tasks: SdkTasks,
  config: Pick<TaskToolConfig<undefined | ToolSchema>, "principal" | "ttl" | "pollInterval">,
  extra: CreateTaskRequestHandlerExtra
): Promise<CreateTaskResult> => {
  const { requestId, signal, taskRequestedTtl, taskStore } = extra
  const principal = config.principal?.(extra)
  const ttl = taskRequestedTtl === undefined ? config.ttl : taskRequestedTtl
  let isAsTask = true
  const context = startContext((owner, task) => {
    isAsTask = isObject(task.originalParams) && task.originalParams["task"] !== undefined
    return tasks.taskRunner.forSession(owner).startTask({ ...task, principal })
  })
  const task = await taskStore.createTask({ ...declared({ ttl, pollInterval: config.pollInterval }), context })
  if (isAsTask) return { task }
  const { taskId } = task
  await new InputDelivery(server, tasks, taskId, { requestId, signal, knowsTask: false }).follow()
  // Nobody else knows of it. That it has ended meanwhile is as good.
  if (signal.aborted) await tasks.runner.cancelTask(taskId).catch(() => undefined)
  return { task: await taskStore.getTask(taskId) }
}
