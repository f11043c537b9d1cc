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
  type RegisteredTool,
  type ScopeChallengeHandler,
  type ServerContext,
  specTypeSchemas,
  type StandardSchemaV1,
  type StandardSchemaWithJSON,
  type ToolAnnotations
} from "@modelcontextprotocol/server"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import { isPlainObject } from "../../domain/json/isPlainObject.ts"
import { optionNames } from "../../domain/options/optionNames.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { isObject, requireNames, requireObject, requireRun } from "../../promise/arguments.ts"
import type { PromiseTaskContext } from "../../promise/PromiseTaskRunner.ts"
import { workInPromises } from "../../promise/runInPromises.ts"
import { invalidParams } from "../../protocol/names.ts"
import { ownProperty } from "../../protocol/TaskClient.ts"
import { resolveToolPolicy, toolTaskOptionNames, type ToolTaskOptions } from "../../protocol/TasksOptions.ts"
import type { TaskTool as ProtocolTool } from "../../protocol/TaskTool.ts"
import { thrownResult } from "../../protocol/thrownResult.ts"
import { requireSendable, requireToolResult } from "../../protocol/toolResult.ts"
import { TaskFailure } from "../../runner/handler/TaskContext.ts"
import { InputSchemaJson } from "./InputSchemaJson.ts"
import type { ResolvedOptions } from "./TasksExtensionOptions.ts"

/**
 * Does the work of a tool, in this process or in another that registered the tool. Gives its result.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskToolRun<Args> = (
  args: Args,
  context: PromiseTaskContext
) => CallToolResult | Promise<CallToolResult>

/**
 * The config of a tool: that of `McpServer.registerTool`, and how the tool runs as a task.
 *
 * @since 0.2.0
 * @category options
 */
export interface TaskToolConfig<Args> extends ToolTaskOptions {
  readonly title?: string
  readonly description?: string
  /** Checks the arguments when the tool is called, and again when a worker runs it. */
  readonly inputSchema: StandardSchemaWithJSON<unknown, Args>
  readonly outputSchema?: StandardSchemaWithJSON
  readonly annotations?: ToolAnnotations
  readonly icons?: Array<Icon>
  readonly scopeChallenge?: ScopeChallengeHandler
  readonly _meta?: Record<string, unknown>
  /**
   * Runs before there is a task, and may ask the client for input first. The call then comes again with the responses, in
   * `ctx.mcpReq.inputResponses`, and the tool finds them in its `answers`.
   */
  readonly prepare?: Prepare<Args> | undefined
}

type Prepare<Args> = (
  args: Args,
  ctx: ServerContext
) => InputRequiredResult | undefined | Promise<InputRequiredResult | undefined>

/**
 * A call whose arguments the SDK has checked.
 *
 * @since 0.2.0
 * @category models
 */
export interface CheckedCall {
  readonly ctx: ServerContext
  /** Gives what is to be asked first; absent where the tool never asks so. */
  readonly prepare: (() => Promise<InputRequiredResult | undefined>) | undefined
  /** Does the work, and checks its result. */
  readonly run: (context: PromiseTaskContext) => CallToolResult | Promise<CallToolResult>
}

/**
 * A tool whose types have been forgotten.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskTool extends ProtocolTool<never> {
  readonly resultOfFailure: ReturnType<typeof thrownResult>
  readonly register: (
    mcp: McpServer,
    answer: (call: CheckedCall) => Promise<CallToolResult | InputRequiredResult>
  ) => RegisteredTool
}

const configNames = optionNames<Omit<TaskToolConfig<unknown>, keyof ToolTaskOptions>>({
  title: true,
  description: true,
  inputSchema: true,
  outputSchema: true,
  annotations: true,
  icons: true,
  scopeChallenge: true,
  _meta: true,
  prepare: true
})

/**
 * Makes a tool that runs as a task. Throws `InvalidInput` for what is said wrongly of it.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskTool = <Args>(
  name: string,
  config: TaskToolConfig<Args>,
  run: TaskToolRun<Args>,
  { exposeErrors, settings }: Pick<ResolvedOptions, "exposeErrors" | "settings">
): TaskTool => {
  requireObject("config", config)
  requireNames(config, [...configNames, ...toolTaskOptionNames])
  requireRun(run)
  const { annotations, inputSchema, outputSchema, prepare } = config
  requireSchema("inputSchema", inputSchema)
  if (outputSchema !== undefined) requireSchema("outputSchema", outputSchema)
  const policy = Result.getOrThrow(resolveToolPolicy(settings, config, annotations?.idempotentHint === true))
  const schemaJson = new InputSchemaJson()
  const shown = Struct.omit(config, [...toolTaskOptionNames, "prepare"])
  const check = (given: CallToolResult) => checkResult(name, outputSchema, given)
  const runChecked = (args: Args, context: PromiseTaskContext): CallToolResult | Promise<CallToolResult> => {
    const given = run(args, context)
    return Predicate.isPromiseLike(given) ? Promise.resolve(given).then(check) : check(given)
  }
  return {
    name,
    policy,
    resultOfFailure: thrownResult(exposeErrors),
    work: (call) =>
      workInPromises(async (context) => runChecked(await checkArguments(inputSchema, call.arguments), context)),
    register: (mcp, answer) => {
      const registered = mcp.registerTool(name, shown, (args, ctx) =>
        answer({
          ctx,
          prepare: prepare === undefined ? undefined : async () => prepare(args, ctx),
          run: (context) => runChecked(args, context)
        }))
      schemaJson.share(mcp, name)
      return registered
    }
  }
}

/** The SDK makes a schema of a mere object of schemas, and would not let the worker have it. */
const requireSchema = (field: string, schema: unknown): void => {
  const standard = Predicate.hasProperty(schema, "~standard") ? schema["~standard"] : undefined
  if (isObject(standard) && typeof standard["validate"] === "function") return
  throw new InvalidInput({ field, reason: "must be a schema, such as z.object({ title: z.string() })" })
}

/** They were valid for the version of the tool that was called. */
const checkArguments = async <Args>(schema: StandardSchemaWithJSON<unknown, Args>, given: unknown): Promise<Args> => {
  const checked = await schema["~standard"].validate(given)
  if (checked.issues === undefined) return checked.value
  const message = `The arguments do not fit this version of the tool: ${textOf(checked.issues)}`
  throw new TaskFailure({ code: invalidParams, message })
}

/** Makes of what a tool gave what the SDK would make of it in a call, and refuses what the SDK would refuse. */
const checkResult = (
  tool: string,
  schema: StandardSchemaWithJSON | undefined,
  given: unknown
): CallToolResult | Promise<CallToolResult> => {
  const result = withText(requireToolResult(tool, given))
  // Most results are mere text, which is told at a glance.
  if (isText(result)) return schema === undefined || result.isError === true ? result : noStructure(tool)
  return checkStructure(tool, schema, result)
}

const checkStructure = async (
  tool: string,
  schema: StandardSchemaWithJSON | undefined,
  given: Readonly<Record<string, unknown>>
): Promise<CallToolResult> => {
  const checked = await specTypeSchemas.CallToolResult["~standard"].validate(given)
  if (checked.issues !== undefined) {
    throw new TypeError(`Tool '${tool}' gave what is no result of a tool: ${textOf(checked.issues)}`)
  }
  const result = requireSendable(tool, checked.value)
  if (schema === undefined || result.isError === true) return result
  if (result.structuredContent === undefined) return noStructure(tool)
  const output = await schema["~standard"].validate(result.structuredContent)
  if (output.issues === undefined) return result
  throw new TypeError(`What tool '${tool}' gave does not fit its output schema: ${textOf(output.issues)}`)
}

const noStructure = (tool: string): never => {
  throw new TypeError(`Tool '${tool}' has an output schema, and gave no structuredContent`)
}

/** Tells whether a result is nothing but texts. */
const isText = (result: Readonly<Record<string, unknown>>): result is CallToolResult => {
  const { content, isError } = result
  return Array.isArray(content) && content.every(isTextBlock) &&
    (isError === undefined || typeof isError === "boolean") &&
    Object.keys(result).every((key) => key === "content" || key === "isError")
}

const isTextBlock = (block: unknown): boolean =>
  isPlainObject(block) && block["type"] === "text" && typeof block["text"] === "string" &&
  Object.keys(block).length === 2

/** Structured content that is no object is a text too. */
const withText = (result: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const { content = [], structuredContent } = result
  const isStructured = structuredContent === undefined || Predicate.isReadonlyObject(structuredContent)
  if (isStructured || !Array.isArray(content) || content.some((block) => ownProperty(block, "type") === "text")) {
    return content === result["content"] ? result : { ...result, content }
  }
  return { ...result, content: [...content, { type: "text", text: JSON.stringify(structuredContent) }] }
}

const textOf = (issues: ReadonlyArray<StandardSchemaV1.Issue>): string =>
  issues.map(({ message, path = [] }) => {
    const place = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".")
    return place === "" ? message : `${place}: ${message}`
  }).join("; ")
