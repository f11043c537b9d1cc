/**
 * The way to tasks that this library runs on a server of the official MCP SDK.
 *
 * @since 0.2.0
 */
import type { AuthInfo } from "@modelcontextprotocol/sdk/server/auth/types.js"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import { optionNames } from "../../domain/options/optionNames.ts"
import type { CreateTask } from "../../domain/options/TaskOptions.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { requireBoolean, requireObject } from "../../promise/arguments.ts"
import { showingCaller } from "../../promise/CallSite.ts"
import type { LayerSource } from "../../promise/LayerSource.ts"
import { openedRunner } from "../../promise/openedRunners.ts"
import { type LayerOpenOptions, type OpenOptions, requireOpenNames } from "../../promise/OpenOptions.ts"
import { openTaskRunner } from "../../promise/openTaskRunner.ts"
import type { PromiseTaskRunner } from "../../promise/PromiseTaskRunner.ts"
import type { RunnerOptions } from "../../promise/RunnerOptions.ts"
import { requireOwner } from "../../protocol/askOwner.ts"
import { tooLargeAnswer } from "../../protocol/requestLimits.ts"
import type { Anonymous } from "../../protocol/TaskOwner.ts"
import { makeTasks, type Tasks } from "../../protocol/Tasks.ts"
import { boundedTtl, resolveTasksOptions, tasksOptionNames, type TasksOptions } from "../../protocol/TasksOptions.ts"
import { taskRunnerOptions } from "../../runner/service/ResolvedRunnerOptions.ts"
import { toMcpError } from "./mcpErrors.ts"
import { type OpenedSdkStores, storesOn } from "./openSdkTaskStore.ts"
import { currentOrigin, type OwnerOf, ownerOf, type Ownership } from "./ownership.ts"
import { readWithin } from "./readWithin.ts"
import { refuse, SdkRefusal } from "./SdkRefusal.ts"
import { transportBytes } from "./sdkSeams.ts"
import { rememberTasks } from "./sdkTasks.ts"
import type { SdkTaskStoreOptions, StoreAccess } from "./SdkTaskStoreOptions.ts"

/**
 * Options of tasks on servers of the official MCP SDK, whatever storage they are kept in.
 *
 * @since 0.2.0
 * @category options
 */
export interface SdkTasksOptions
  extends RunnerOptions, TasksOptions, Pick<SdkTaskStoreOptions, "messageTtl" | "retryFor">
{
  /**
   * The owner of a task, which a server over HTTP must say. With `anonymous` everybody who knows the id of a task reaches it,
   * and nobody can guess an id. Without it, on standard input and output, tasks belong to nobody.
   */
  readonly owner?: OwnerOf | Anonymous | undefined
  /**
   * Whether a client sees the message of an error that a tool throws: `true` by default, as in a plain tool of the SDK.
   * `onError` and the `failure` of the task have it in any case.
   */
  readonly exposeErrors?: boolean | undefined
}

/**
 * Options for tasks on a storage that a URL names: those of tasks, and those of the storage.
 *
 * @since 0.2.0
 * @category options
 */
export interface OpenSdkTasksOptions extends SdkTasksOptions, Omit<OpenOptions, keyof SdkTasksOptions> {}

/**
 * Options for tasks on a layer of storage, which has its own options already.
 *
 * @since 0.2.0
 * @category options
 */
export interface LayerSdkTasksOptions extends SdkTasksOptions, LayerOpenOptions {}

/** A transport of the SDK for HTTP on Node. */
interface HttpTransport<Request, Response> {
  readonly handleRequest: (request: Request, response: Response, parsedBody?: unknown) => Promise<void>
}

/** What answers a request of Node. */
interface HttpResponse {
  readonly writeHead: (
    status: number,
    headers: Readonly<Record<string, string>>
  ) => { readonly end: (body: string) => unknown }
}

/** A request of Node, with what the SDK's `requireBearerAuth` adds to it. */
interface HttpRequest {
  readonly headers: Record<string, string | Array<string> | undefined>
  readonly auth?: AuthInfo | undefined
}

/**
 * The two stores for servers of the official MCP SDK, and the runner of their tasks.
 *
 * @since 0.2.0
 * @category models
 */
export interface OpenedSdkTasks extends OpenedSdkStores {
  readonly runner: PromiseTaskRunner
  /**
   * Gives a request to a transport, as `transport.handleRequest(request, response, body)` does, and tells the stores where it
   * came from: the SDK tells them no more than the session, and on stateless HTTP nothing. Servers whose tools create tasks by
   * the store need it; tools of `registerTaskTool` do not.
   */
  readonly handleRequest: <Request extends HttpRequest, Response extends HttpResponse>(
    transport: HttpTransport<Request, Response>,
    request: Request,
    response: Response,
    parsedBody?: unknown
  ) => Promise<void>
  /** Gives running tasks `shutdownTimeout`, leaves the rest to others, and closes the storage. */
  readonly close: () => Promise<void>
}

/**
 * Opens a storage, which a URL names or a layer makes, and a runner on it, for servers of the official MCP SDK whose tools
 * `registerTaskTool` registers. One of it serves all servers of a process, such as one for each session.
 *
 * Rejects with `InvalidInput` for a source or option that it cannot use, and as `openTaskStorage` does.
 *
 * **Example** (A tool that runs as a task)
 *
 * ```ts
 * import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
 * import { openSdkTasks, registerTaskTool } from "mcp-task-storage/sdk"
 * import * as z from "zod"
 *
 * const tasks = await openSdkTasks("sqlite:tasks.db")
 * const server = new McpServer({ name: "reports", version: "1.0.0" }, {
 *   capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
 *   taskStore: tasks.taskStore,
 *   taskMessageQueue: tasks.taskMessageQueue
 * })
 * registerTaskTool(server, "report", { inputSchema: { city: z.string() } }, async ({ city }, { progress, signal }) => {
 *   await progress("Looking out of the window")
 *   signal.throwIfAborted()
 *   return { content: [{ type: "text", text: `Rain in ${city}` }] }
 * })
 * await tasks.close()
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const openSdkTasks: {
  (url: string, options?: OpenSdkTasksOptions): Promise<OpenedSdkTasks>
  <E>(source: LayerSource<E>, options?: LayerSdkTasksOptions): Promise<OpenedSdkTasks>
} = <E>(source: string | LayerSource<E>, options?: OpenSdkTasksOptions): Promise<OpenedSdkTasks> =>
  showingCaller(openSdkTasks, () => open(source, options))

const open = async <E>(
  source: string | LayerSource<E>,
  options: OpenSdkTasksOptions = {}
): Promise<OpenedSdkTasks> => {
  requireObject("options", options)
  const { exposeErrors = true, messageTtl, onError, owner, retryFor } = options
  if (owner !== undefined) requireOwner(owner)
  requireBoolean("exposeErrors", exposeErrors)
  requireOpenNames(options, [...adapterOptions, ...tasksOptionNames, ...taskRunnerOptions])
  const settings = Result.getOrThrow(resolveTasksOptions(options))
  const others = Struct.omit(options, [...tasksOptionNames, ...adapterOptions])
  const { resultTtl } = settings
  // The tools have it, and what else the runner runs.
  const ofRunner = { ...others, resultTtl }
  const runner =
    await (typeof source === "string" ? openTaskRunner(source, ofRunner) : openTaskRunner(source, ofRunner))
  try {
    const opened = openedRunner(runner)
    if (opened === undefined) throw new InvalidInput({ field: "source", reason: "gives no storage that runs tasks" })
    const tasks = makeTasks(settings, opened)
    const ofStores = { messageTtl, onError, retryFor, pollInterval: settings.pollInterval }
    const stores = storesOn(runner.storage, ofStores, () => ({
      ...ownedAccess(tasks, owner),
      resultTtl
    }))
    rememberTasks({ ...stores, tasks, opened, owner, exposeErrors })
    const { close } = runner
    return {
      ...stores,
      runner,
      handleRequest: async (transport, request, response, parsedBody) => {
        // A transport counts nothing of a body that it is given.
        const limits = { requestBytes: Math.min(settings.limits.requestBytes, transportBytes(transport)) }
        const read = await readWithin(limits, request, parsedBody)
        if (read.tooLarge) {
          const { body, headers, status } = tooLargeAnswer(limits)
          response.writeHead(status, headers).end(body)
          return
        }
        await currentOrigin.run(
          { authInfo: request.auth, requestInfo: { headers: request.headers } },
          () => transport.handleRequest(request, response, read.parsedBody)
        )
      },
      close,
      [Symbol.asyncDispose]: close
    }
  } catch (error) {
    await runner.close()
    throw error
  }
}

/** The names of the options that are neither of the storage, nor of the runner, nor of the protocol. */
const adapterOptions = optionNames<Omit<SdkTasksOptions, keyof RunnerOptions | keyof TasksOptions>>({
  exposeErrors: true,
  messageTtl: true,
  owner: true,
  retryFor: true
})

/** Gives the tasks of whoever sent the request that is served. */
const ownedAccess = (tasks: Tasks, owner: Ownership): StoreAccess => ({
  tasksOf: (sessionId) =>
    ownerOf(owner, { sessionId, ...currentOrigin.getStore() }).pipe(
      Effect.map((known) => {
        const owned = tasks.ownedBy(known)
        const { canList, storage: own } = owned
        return {
          own,
          reachable: own,
          canList,
          createTask: (task: CreateTask) =>
            Effect.mapError(
              tasks.room.within(owned, own.createTask(task)),
              (error) => "_tag" in error ? error : new SdkRefusal({ error: toMcpError(error) })
            )
        }
      }),
      Effect.catch((error) => refuse(toMcpError(error)))
    ),
  ttlOf: (ttl) => boundedTtl(tasks.settings, ttl === undefined ? tasks.settings.defaultTtl : ttl)
})
