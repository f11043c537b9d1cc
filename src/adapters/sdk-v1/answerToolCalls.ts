/**
 * `tools/call` of servers whose tasks this library runs.
 *
 * @since 0.2.0
 */
import type { McpServer, RegisteredTool } from "@modelcontextprotocol/sdk/server/mcp.js"
import { type CallToolResult, McpError } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { workInPromises } from "../../promise/runInPromises.ts"
import { callTool, noAugmentation } from "../../protocol/callTool.ts"
import { unlessGone } from "../../protocol/leavingClient.ts"
import { toolsCall } from "../../protocol/names.ts"
import { ownProperty } from "../../protocol/TaskClient.ts"
import { answeringThrown, errorResult } from "../../protocol/thrownResult.ts"
import { invalid, type WireError } from "../../protocol/WireError.ts"
import { fromMcpError, toMcpError } from "./mcpErrors.ts"
import { currentOrigin } from "./ownership.ts"
import { sdkRequest } from "./SdkRequest.ts"
import { checkedArguments, type Extra, replaceHandler, toolOf } from "./sdkSeams.ts"
import { answerBy, ownedBy, type SdkTasks } from "./sdkTasks.ts"
import type { SdkTool } from "./SdkTool.ts"

const tools = new WeakMap<RegisteredTool, SdkTool>()

/**
 * Remembers what runs the calls of a tool.
 *
 * @since 0.2.0
 * @category accessors
 */
export const rememberTool = (tool: RegisteredTool, run: SdkTool): void => {
  tools.set(tool, run)
}

/**
 * Has the protocol answer the calls of the tools that it runs, and the SDK those of all others.
 *
 * @since 0.2.0
 * @category handlers
 */
export const answerToolCalls = (server: McpServer, sdk: SdkTasks): void =>
  replaceHandler(server, toolsCall, (original) => async (request, extra) => {
    const params = ownProperty(request, "params")
    const name = ownProperty(params, "name")
    const isAugmented = ownProperty(params, "task") !== undefined
    if (typeof name !== "string") return original(request, extra)
    const registered = toolOf(server, name)
    if (registered?.enabled !== true) {
      // The SDK would make a result of it, and then complain that this is no task.
      if (isAugmented) throw toMcpError(invalid(`Tool ${name} ${registered === undefined ? "not found" : "disabled"}`))
      return original(request, extra)
    }
    const tool = tools.get(registered)
    if (tool !== undefined) return answerBy(sdk, extra, answerCall(server, sdk, { params, tool, extra }))
    if (isAugmented && !("createTask" in registered.handler)) throw toMcpError(noAugmentation(name))
    // Its handler may create a task by the store, which has to know whose it is.
    return currentOrigin.run(extra, () => original(request, extra))
  })

interface Call {
  readonly params: unknown
  readonly tool: SdkTool
  readonly extra: Extra
}

const answerCall = (
  server: McpServer,
  sdk: SdkTasks,
  { extra, params, tool }: Call
): Effect.Effect<unknown, WireError> =>
  Effect.suspend(() => {
    const { name, registered, resultOfFailure } = tool
    const { ask, client, gone, outlivesCall, sendProgress } = sdkRequest(server, extra)
    const given = ownProperty(params, "arguments")
    if (given !== undefined && !Predicate.isReadonlyObject(given)) {
      return Effect.fail(invalid("arguments must be an object"))
    }
    // What the schema throws is no complaint about the arguments.
    const parsed = Effect.catch(
      Effect.tryPromise(() => checkedArguments(server, name, registered, given)),
      ({ cause }) => cause instanceof McpError ? Effect.fail(cause) : Effect.die(cause)
    )
    let args: unknown
    const answer = callTool<CallToolResult, McpError>(sdk.tasks, {
      tool,
      client,
      meta: ownProperty(params, "_meta"),
      task: ownProperty(params, "task"),
      owned: ownedBy(sdk, extra),
      prepare: Effect.map(parsed, (parsed) => {
        args = parsed
        return { _tag: "Ready", arguments: given ?? {} }
      }),
      toWireError: fromMcpError,
      run: () => answeringThrown(name, workInPromises((context) => tool.run(args, context)), resultOfFailure),
      toWire: Effect.succeed,
      ask,
      sendProgress,
      outlivesCall
    })
    return unlessGone(answer, gone).pipe(
      Effect.map(({ result }) => result),
      Effect.catch((error): Effect.Effect<unknown, WireError> =>
        error instanceof McpError ? Effect.succeed(errorResult(error.message)) : Effect.fail(error)
      ),
      Effect.tap((answer) => Effect.sync(() => sdk.tasks.known.created(server, answer)))
    )
  })
