/**
 * What the Tasks extension answers to the requests of clients.
 *
 * @since 0.2.0
 */
import {
  type AuthInfo,
  type CallToolResult,
  type InputRequiredResult,
  isCallToolResult,
  isInputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  type Result,
  type ServerContext
} from "@modelcontextprotocol/server"
import { toCreatedTask } from "../../domain/TaskProjection.ts"
import { isObject } from "../../promise/arguments.ts"
import type { PromiseSessionRunner, PromiseTaskRunner } from "../../promise/PromiseTaskRunner.ts"
import type { PromiseSessionTasks } from "../../promise/PromiseTaskStorage.ts"
import type { Json, Task } from "../../promise/Task.ts"
import { declaresTasks, isOfModernRevision, tasksExtensionId } from "./tasksCapability.ts"
import type { ResolvedTasksOptions, TaskOwner } from "./TasksExtensionOptions.ts"
import { type TaskTool, toolsCall } from "./TaskTool.ts"
import { currentToolCall } from "./ToolCalls.ts"
import { internalError, invalidParams, missingCapability, taskNotFound, toWireFailure } from "./wireErrors.ts"
import { toWireTask } from "./wireTask.ts"

/**
 * The tasks of one owner, and the means to run them.
 *
 * @since 0.2.0
 * @category models
 */
export interface OwnedTasks {
  readonly tasks: PromiseSessionTasks
  readonly runner: PromiseSessionRunner
  readonly principal: Json | undefined
}

/**
 * Answers requests, of any server.
 *
 * @since 0.2.0
 * @category models
 */
export class TaskRequests {
  readonly #runner: Promise<PromiseTaskRunner>
  readonly #options: ResolvedTasksOptions

  constructor(runner: Promise<PromiseTaskRunner>, options: ResolvedTasksOptions) {
    this.#runner = runner
    this.#options = options
  }

  /** Answers `tasks/get`. */
  get(params: unknown, ctx: ServerContext): Promise<Result> {
    return this.#answer(params, ctx, async (taskId, { tasks }) => {
      const summary = await tasks.getTaskSummary(taskId)
      if (summary === undefined) throw taskNotFound()
      // Most polls find the task at work, and then there is nothing else to read.
      if (summary.status === "working" || summary.status === "cancelled") return { ...toWireTask(summary) }
      const task = await tasks.getTask(taskId)
      if (task === undefined) throw taskNotFound()
      return { ...toWireTask(task) }
    })
  }

  /** Answers `tasks/update`. The SDK lifts the responses out of the params, those that are objects. */
  update(params: unknown, ctx: ServerContext): Promise<Result> {
    return this.#answer(params, ctx, async (taskId, { runner }) => {
      const responses = ctx.mcpReq.inputResponses
      if (responses === undefined) throw invalidParams("inputResponses must be an object")
      await unlessEnded(runner.provideInput(taskId, responses))
      return {}
    })
  }

  /** Answers `tasks/cancel`. Cancelling what has ended is acknowledged too. */
  cancel(params: unknown, ctx: ServerContext): Promise<Result> {
    return this.#answer(params, ctx, async (taskId, { runner }) => {
      await unlessEnded(runner.cancelTask(taskId))
      return {}
    })
  }

  /**
   * Answers the call of a tool: with a task where the client declares the extension, and else, unless the tool requires
   * that, with what the task came to.
   */
  async call(
    tool: TaskTool,
    ctx: ServerContext,
    prepare: () => Promise<InputRequiredResult | undefined>
  ): Promise<CallToolResult | InputRequiredResult> {
    const call = currentToolCall(ctx)
    try {
      const resumed = resumedTaskId(ctx)
      if (resumed !== undefined) return await this.#resume(tool, resumed, ctx)
      if (!declaresTasks(ctx) && tool.support === "required") {
        throw isOfModernRevision(ctx) ? missingCapability() : needsModernRevision()
      }
      const asks = await prepare()
      if (asks !== undefined) return asks
      const owned = await this.#ownedTasks(ctx)
      const task = await owned.runner.startTask({
        originalMethod: toolsCall,
        originalParams: {
          name: tool.name,
          arguments: call.arguments ?? {},
          ...(tool.prepares && ctx.mcpReq.inputResponses !== undefined
            ? { inputResponses: ctx.mcpReq.inputResponses }
            : {})
        },
        ttl: tool.ttl,
        pollInterval: tool.pollInterval,
        principal: owned.principal,
        ...(declaresTasks(ctx) ? {} : { meta: { [inlineKey]: tool.name } })
      })
      if (!declaresTasks(ctx)) return await this.#wait(task.taskId, owned, ctx)
      call.answer = { _tag: "Result", result: { ...toCreatedTask(toWireTask(task)) } }
    } catch (error) {
      // Nobody hears the answer to a client that has gone.
      if (ctx.mcpReq.signal.aborted) throw error
      call.answer = { _tag: "Error", error: this.toWire(error) }
    }
    return answeredElsewhere
  }

  /**
   * Takes up the call of a client without the extension that was answered with questions. The state comes from the client,
   * which may have made it up.
   */
  async #resume(tool: TaskTool, taskId: string, ctx: ServerContext): Promise<CallToolResult | InputRequiredResult> {
    const owned = await this.#ownedTasks(ctx)
    const summary = await owned.tasks.getTaskSummary(taskId)
    if (summary?.meta?.[inlineKey] !== tool.name) throw taskNotFound()
    await unlessEnded(owned.runner.provideInput(taskId, ctx.mcpReq.inputResponses ?? {}))
    return this.#wait(taskId, owned, ctx)
  }

  /**
   * Waits until a task has ended or asks for input, on behalf of a client that does not know it. When the client goes, the
   * task is of no use to anybody.
   */
  async #wait(
    taskId: string,
    owned: OwnedTasks,
    ctx: ServerContext
  ): Promise<CallToolResult | InputRequiredResult> {
    const { signal } = ctx.mcpReq
    try {
      for await (const task of owned.tasks.changes(taskId, { signal })) {
        if (task.status === "working") continue
        if (task.status === "input_required") return toInputRequired(task)
        // The answer is all that the client gets, so nobody will ask for the task again.
        owned.tasks.deleteTask(taskId).catch(this.#options.onError)
        return toToolResult(task)
      }
    } catch (error) {
      if (signal.aborted) owned.runner.cancelTask(taskId).catch(() => undefined)
      throw error
    }
    throw taskNotFound()
  }

  async #answer(
    params: unknown,
    ctx: ServerContext,
    answer: (taskId: string, owned: OwnedTasks) => Promise<Result>
  ): Promise<Result> {
    try {
      if (!isOfModernRevision(ctx)) throw new ProtocolError(ProtocolErrorCode.MethodNotFound, "Method not found")
      if (!declaresTasks(ctx)) throw missingCapability()
      const taskId = isObject(params) ? params["taskId"] : undefined
      if (typeof taskId !== "string") throw invalidParams("taskId must be a string")
      return await answer(taskId, await this.#ownedTasks(ctx))
    } catch (error) {
      // What cannot be the id of a task is unknown like any other that is none.
      throw this.toWire(isInvalidInput(error) ? taskNotFound() : error)
    }
  }

  #ownedTasks({ http }: ServerContext): Promise<OwnedTasks> {
    return this.ownedBy(http?.authInfo, http?.req)
  }

  /** Gives the tasks of whoever sent a request. */
  async ownedBy(authInfo: AuthInfo | undefined, request: Request | undefined): Promise<OwnedTasks> {
    const owner = await this.#ownerOf(authInfo, request)
    const id = typeof owner === "object" ? owner.id : owner
    const principal = typeof owner === "object" ? owner.principal : owner
    const runner = await this.#runner
    return {
      tasks: runner.storage.forSession(id ?? null),
      runner: runner.forSession(id ?? null),
      principal
    }
  }

  /** Gives `undefined` only where tasks are anonymous: a function without a compiler may give anything. */
  async #ownerOf(authInfo: AuthInfo | undefined, request: Request | undefined): Promise<TaskOwner | undefined> {
    if (this.#options.owner === undefined) return undefined
    const owner = await this.#options.owner(authInfo, request)
    if (owner === undefined) {
      throw new ProtocolError(ProtocolErrorCode.InvalidRequest, "Tasks need an authenticated client")
    }
    const id: unknown = isObject(owner) ? owner["id"] : owner
    if (typeof id !== "string" || id === "") throw new TypeError("owner must give an id that is not empty")
    return owner
  }

  /** Decides what a client is told of a failure, and tells the operator what the client is not. */
  toWire(failure: unknown): ProtocolError {
    const { error, report } = toWireFailure(failure)
    if (report) this.#options.onError(failure)
    return error
  }
}

/** What the SDK gets for a tool whose answer it does not see. With `isError` it leaves the output schema alone. */
const answeredElsewhere: CallToolResult = { content: [], isError: true }

const needsModernRevision = (): ProtocolError =>
  new ProtocolError(
    ProtocolErrorCode.MethodNotFound,
    `This tool runs as a task, which needs protocol revision 2026-07-28 and its extension ${tasksExtensionId}`
  )

const tagOf = (error: unknown): unknown => isObject(error) && "_tag" in error ? error["_tag"] : undefined

const isInvalidInput = (error: unknown): boolean => tagOf(error) === "InvalidInput"

/** Waits for a write that comes too late without harm. */
const unlessEnded = async (write: Promise<unknown>): Promise<void> => {
  try {
    await write
  } catch (error) {
    if (tagOf(error) !== "TerminalState") throw error
  }
}

/** Names the tool in the tasks that clients without the extension wait for. */
const inlineKey = "mcp-task-storage/inline"

/** Marks the request state of a call that waits for answers. */
const statePrefix = "mcp-task-storage:"

const resumedTaskId = (ctx: ServerContext): string | undefined => {
  const state: unknown = ctx.mcpReq.requestState()
  return typeof state === "string" && state.startsWith(statePrefix) ? state.slice(statePrefix.length) : undefined
}

const toInputRequired = ({ inputRequests, taskId }: Task): InputRequiredResult => {
  const result: unknown = { resultType: "input_required", inputRequests, requestState: `${statePrefix}${taskId}` }
  if (!isInputRequiredResult(result)) throw internalError()
  return result
}

const toToolResult = (task: Task): CallToolResult => {
  const detailed = toWireTask(task)
  if (detailed.status === "completed") {
    if (isCallToolResult(detailed.result)) return detailed.result
    throw internalError()
  }
  if (detailed.status === "failed") {
    const { code, data, message } = detailed.error
    throw new ProtocolError(code, message, data)
  }
  throw internalError("The task was cancelled")
}
