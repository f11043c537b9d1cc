/**
 * The Tasks extension of revision 2026-07-28.
 *
 * @since 0.2.0
 */
import type * as McpProtocol from "effect/ai/McpProtocol"
import * as McpSchema from "effect/ai/McpSchema"
import * as McpServer from "effect/ai/McpServer"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { untilGone } from "../../protocol/leavingClient.ts"
import { headerMismatch, tasksExtension } from "../../protocol/names.ts"
import type { OwnedTasks } from "../../protocol/OwnedTasks.ts"
import { taskIdOf, taskIdsOf } from "../../protocol/params.ts"
import { declaresTasks } from "../../protocol/TaskClient.ts"
import { cancelTask20260728, getTask20260728, updateTask20260728 } from "../../protocol/Tasks20260728.ts"
import { openTaskStream } from "../../protocol/TaskStream.ts"
import { toResult20260728, withServerInfo } from "../../protocol/toolResult.ts"
import { missingCapability, WireError } from "../../protocol/WireError.ts"
import { encodeText } from "./EarlyAnswer.ts"
import {
  deriveProtocol,
  Encoded,
  fieldsOf,
  handlerOf,
  type InstallationContext,
  requestOf,
  resultEncoder
} from "./effectSeams.ts"
import { failRequest } from "./httpStatus.ts"
import type { ServedTasks } from "./TaskServer.ts"
import { makeTaskSubscriptions } from "./TaskSubscriptions.ts"
import { answeredCall } from "./toolsCall.ts"

const Fields = Schema.Record(Schema.String, Schema.Unknown)

/** The protocol checks these by itself, as it does on every server. */
const TaskById = Schema.Struct({ taskId: Schema.optional(Schema.Unknown) })
const Update = Schema.Struct({ ...TaskById.fields, inputResponses: Schema.optional(Schema.Unknown) })

const encodeServerInfo = Schema.encodeSync(Schema.toCodecJson(McpSchema.Implementation))

/**
 * Adds the extension to Effect's adapter.
 *
 * @since 0.2.0
 * @category constructors
 */
export const tasks20260728 = <Adapter extends McpProtocol.ProtocolAdapter, R>(
  base: Adapter,
  served: ServedTasks<R>
): Adapter => {
  const callRequest = requestOf(base.clientRpcs, "tools/call")
  const discoverRequest = requestOf(base.clientRpcs, "server/discover")
  const listenRequest = requestOf(base.clientRpcs, "subscriptions/listen")
  const acknowledged = requestOf(base.serverNotificationRpcs, "notifications/subscriptions/acknowledged")
  const encodeCall = resultEncoder(base, callRequest)
  const encodeDiscovery = resultEncoder(base, discoverRequest)
  const callFields = fieldsOf(callRequest.payloadSchema, "the payload of tools/call")
  const metaField = callFields["_meta"] ?? Schema.optional(Schema.Unknown)
  const subscriptions = makeTaskSubscriptions(base.protocolVersion)
  const taskRequest = (method: string, fields: Schema.Struct.Fields) =>
    Rpc.make(method, { payload: { _meta: metaField, ...fields }, success: Fields, error: WireError })

  const onTask = <Payload extends typeof TaskById.Type>(
    schema: Schema.Schema<Payload>,
    answer: (
      owned: OwnedTasks,
      taskId: string,
      payload: Payload
    ) => Effect.Effect<Readonly<Record<string, unknown>>, WireError>
  ) =>
    handlerOf(
      schema,
      Effect.fnUntraced(function*(payload: Payload) {
        const taskId = yield* admitted(payload)
        return yield* answer(yield* served.owned, taskId, payload)
      })
    )

  return deriveProtocol(base, {
    requests: [
      callRequest.setSuccess(Encoded),
      discoverRequest.setSuccess(Fields),
      withTaskIds(listenRequest, "subscriptions/listen"),
      taskRequest("tasks/get", TaskById.fields),
      taskRequest("tasks/update", Update.fields),
      taskRequest("tasks/cancel", TaskById.fields)
    ],
    notifications: [
      withTaskIds(acknowledged, "notifications/subscriptions/acknowledged"),
      Rpc.make("notifications/tasks", { payload: Fields })
    ],
    context: subscriptions.acknowledging,
    answerEarly: (context) => {
      const serverInfo = describeServer(context)
      return (result) => {
        const encoded = encodeText(result)
        return encoded === undefined ? undefined : toResult20260728(serverInfo, encoded)
      }
    },
    handlers: (own, context) => {
      const serverInfo = describeServer(context)
      const send = context.sendNotification
      const call = own("tools/call")
      const discover = own("server/discover")
      const listen = own("subscriptions/listen")
      const { protocolVersion } = base
      const signed = Effect.map((result: Readonly<Record<string, unknown>>) => withServerInfo(serverInfo, result))
      const carrier = { call, encode: encodeCall, served, protocolVersion, sendNotification: send }
      return {
        "server/discover": Effect.fnUntraced(function*(payload, request) {
          const result = yield* encodeDiscovery(yield* discover(payload, request))
          const capabilities = Predicate.isReadonlyObject(result["capabilities"]) ? result["capabilities"] : {}
          const extensions = Predicate.isReadonlyObject(capabilities["extensions"]) ? capabilities["extensions"] : {}
          return { ...result, capabilities: { ...capabilities, extensions: { ...extensions, [tasksExtension]: {} } } }
        }),
        "tools/call": (payload, request) => answeredCall(carrier, payload, request, { serverInfo }),
        "tasks/get": onTask(TaskById, (owned, taskId) => signed(getTask20260728(owned, taskId, serverInfo))),
        "tasks/update": onTask(
          Update,
          (owned, taskId, { inputResponses }) => signed(updateTask20260728(owned, taskId, inputResponses))
        ),
        "tasks/cancel": onTask(TaskById, (owned, taskId) => signed(cancelTask20260728(owned, taskId))),
        "subscriptions/listen": Effect.fnUntraced(function*(payload, request) {
          const requested = yield* taskIdsOf(payload)
          const listening = untilGone(listen(payload, request), served.gone)
          if (requested === undefined || send === undefined) return yield* listening
          if (!declaresTasks(yield* McpSchema.McpRequestContext)) return yield* failRequest(missingCapability)
          const stream = yield* Effect.catch(
            openTaskStream(served.tasks, yield* served.owned, requested, serverInfo),
            failRequest
          )
          return yield* subscriptions.watching(listening, { request, stream, send })
        })
      }
    }
  })
}

/** Checks what every request for a task has to carry, and gives the id of the task. */
const admitted = Effect.fnUntraced(function*(payload: typeof TaskById.Type) {
  const { taskId } = payload
  const http = yield* Effect.serviceOption(HttpServerRequest.HttpServerRequest)
  if (Option.isSome(http) && typeof taskId === "string") {
    const header = http.value.headers["mcp-name"]
    if (header === undefined || McpServer.decodeNameHeader(header) !== taskId) {
      return yield* failRequest({
        code: headerMismatch,
        message: "Mcp-Name header does not match request parameters"
      })
    }
  }
  if (!declaresTasks(yield* McpSchema.McpRequestContext)) return yield* failRequest(missingCapability)
  return yield* taskIdOf(payload)
})

const withTaskIds = (request: ReturnType<typeof requestOf>, name: string) => {
  const payload = fieldsOf(request.payloadSchema, `the payload of ${name}`)
  const filter = fieldsOf(payload["notifications"], `the filter of ${name}`)
  return request.setPayload(
    Schema.Struct({ ...payload, notifications: Schema.Struct({ ...filter, taskIds: Schema.optional(Schema.Unknown) }) })
  )
}

/** What the server says of itself in each result. */
const describeServer = ({ serverInfo }: InstallationContext) => {
  const { description, icons, name, version, websiteUrl } = serverInfo
  return encodeServerInfo(McpSchema.Implementation.make({ name, version, description, websiteUrl, icons }))
}
