/**
 * The tasks of revision 2025-11-25.
 *
 * @since 0.2.0
 */
import type * as McpProtocol from "effect/ai/McpProtocol"
import * as McpSchema from "effect/ai/McpSchema"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { noAugmentation } from "../../protocol/callTool.ts"
import { askingUntilGone, untilGone } from "../../protocol/leavingClient.ts"
import { cursorOf, taskIdOf } from "../../protocol/params.ts"
import { supportOf } from "../../protocol/Tasks.ts"
import {
  cancelTask20251125,
  getTask20251125,
  listTasks20251125,
  taskResult20251125
} from "../../protocol/Tasks20251125.ts"
import { WireError } from "../../protocol/WireError.ts"
import { askClient } from "./askClient.ts"
import { deriveProtocol, Encoded, fieldsOf, type Handler, handlerOf, requestOf, resultEncoder } from "./effectSeams.ts"
import type { ServedTasks } from "./TaskServer.ts"
import { answeredCall, toolName } from "./toolsCall.ts"

const Fields = Schema.Record(Schema.String, Schema.Unknown)
type Fields = typeof Fields.Type

/** The protocol checks these by itself, as it does on every server. */
const TaskById = Schema.Struct({ _meta: Schema.optional(Fields), taskId: Schema.optional(Schema.Unknown) })

/** Requests without parameters may leave them out. */
const ListTasks = Schema.UndefinedOr(Schema.Struct({
  _meta: Schema.optional(Fields),
  cursor: Schema.optional(Schema.Unknown)
}))

/**
 * Adds tasks to Effect's adapter.
 *
 * @since 0.2.0
 * @category constructors
 */
export const tasks20251125 = <Adapter extends McpProtocol.ProtocolAdapter, R>(
  base: Adapter,
  served: ServedTasks<R>
): Adapter => {
  const initializeRequest = requestOf(base.clientRpcs, "initialize")
  const callRequest = requestOf(base.clientRpcs, "tools/call")
  const listRequest = requestOf(base.clientRpcs, "tools/list")
  const encodeInitialized = resultEncoder(base, initializeRequest)
  const encodeCall = resultEncoder(base, callRequest)
  const encodeList = resultEncoder(base, listRequest)
  const { tasks } = served
  const taskRequest = (method: string, payload: Schema.Top) =>
    Rpc.make(method, { payload, success: Fields, error: WireError }).middleware(McpSchema.McpServerClientMiddleware)

  return deriveProtocol(base, {
    requests: [
      initializeRequest.setSuccess(Fields),
      listRequest.setSuccess(Fields),
      callRequest.setSuccess(Encoded).setPayload(
        Schema.Struct({
          ...fieldsOf(callRequest.payloadSchema, "the payload of tools/call"),
          task: Schema.optional(Schema.Unknown)
        })
      ),
      taskRequest("tasks/get", TaskById),
      taskRequest("tasks/result", TaskById),
      taskRequest("tasks/cancel", TaskById),
      ...(served.canList ? [taskRequest("tasks/list", ListTasks)] : [])
    ],
    notifications: [Rpc.make("notifications/tasks/status", { payload: Fields })],
    handlers: (own, { sendNotification }) => {
      const initialize = own("initialize")
      const call = own("tools/call")
      const list = own("tools/list")
      const { protocolVersion } = base
      const carrier = { call, encode: encodeCall, served, protocolVersion, sendNotification }
      const listed = (payload: unknown, request: Parameters<Handler>[1]) =>
        Effect.map(Effect.flatMap(list(payload, request), encodeList), (result) => ({ result, tools: toolsOf(result) }))

      const handlers: { readonly [method: string]: Handler<R> } = {
        initialize: Effect.fnUntraced(function*(payload, request) {
          const result = yield* encodeInitialized(yield* initialize(payload, request))
          const capabilities = Predicate.isReadonlyObject(result["capabilities"]) ? result["capabilities"] : {}
          const offered = { ...(served.canList ? { list: {} } : {}), cancel: {}, requests: { tools: { call: {} } } }
          return { ...result, capabilities: { ...capabilities, tasks: offered } }
        }),
        "tools/list": Effect.fnUntraced(function*(payload, request) {
          const { result, tools } = yield* listed(payload, request)
          return { ...result, tools: tools.map((tool) => withSupport(tool, supportOf(tasks, toolName(tool)))) }
        }),
        "tools/call": Effect.fnUntraced(function*(payload, request) {
          const { augmentation, call: plain } = splitAugmentation(payload)
          const name = toolName(payload)
          if (augmentation !== undefined && supportOf(tasks, name) === "forbidden") {
            const { tools } = yield* listed(undefined, request)
            if (tools.some((tool) => toolName(tool) === name)) return yield* Effect.fail(noAugmentation(name))
            // A tool that this client does not see, which Effect refuses as one that does not exist.
            return yield* encodeCall(yield* call(plain, request))
          }
          const client = yield* McpSchema.McpServerClient
          const answer = yield* answeredCall(carrier, plain, request, {
            task: augmentation,
            ask: askingUntilGone(askClient(client), served.gone),
            outlivesCall: true
          })
          if (augmentation !== undefined) tasks.known.created(client.initializePayload, answer)
          return answer
        }),
        "tasks/get": handlerOf(
          TaskById,
          Effect.fnUntraced(function*(payload) {
            const taskId = yield* taskIdOf(payload)
            const owned = yield* served.owned
            return yield* untilGone(getTask20251125(tasks, owned, taskId, yield* listener), served.gone)
          })
        ),
        "tasks/cancel": handlerOf(
          TaskById,
          (payload) =>
            Effect.flatMap(
              taskIdOf(payload),
              (taskId) => Effect.flatMap(served.owned, (owned) => cancelTask20251125(owned, taskId))
            )
        ),
        "tasks/result": handlerOf(
          TaskById,
          Effect.fnUntraced(function*(payload, { client }) {
            const taskId = yield* taskIdOf(payload)
            const owned = yield* served.owned
            const answer = taskResult20251125(tasks, owned, taskId, {
              ...(yield* listener),
              notify: sendNotification === undefined ? undefined : (task) =>
                // It names its task itself, and so is not marked as related to one.
                sendNotification(protocolVersion, client.id, { tag: "notifications/tasks/status", payload: task })
            })
            return yield* untilGone(answer, served.gone)
          })
        ),
        ...(served.canList
          ? {
            "tasks/list": handlerOf(
              ListTasks,
              (payload) =>
                Effect.flatMap(
                  cursorOf(payload),
                  (cursor) => Effect.flatMap(served.owned, (owned) => listTasks20251125(owned, cursor))
                )
            )
          }
          : {})
      }
      return handlers
    }
  })
}

/** The client of the present request, as one that listens to tasks. A session is known by what it began with. */
const listener = Effect.map(McpSchema.McpServerClient, (client) => ({
  ask: askClient(client),
  clientCapabilities: client.clientCapabilities,
  client: client.initializePayload
}))

const splitAugmentation = (payload: unknown) => {
  if (!Predicate.isReadonlyObject(payload)) return { augmentation: undefined, call: payload }
  const { task, ...call } = payload
  return { augmentation: task, call }
}

const toolsOf = (result: Fields): ReadonlyArray<Fields> => {
  const tools = result["tools"]
  return Array.isArray(tools) ? tools.filter(Predicate.isReadonlyObject) : []
}

const withSupport = (tool: Fields, taskSupport: string): Fields =>
  taskSupport === "forbidden" ? tool : { ...tool, execution: { taskSupport } }
