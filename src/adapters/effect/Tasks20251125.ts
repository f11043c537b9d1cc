/**
 * The tasks of revision 2025-11-25.
 *
 * @since 0.2.0
 */
import type * as McpProtocol from "effect/ai/McpProtocol"
import * as McpSchema from "effect/ai/McpSchema"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { toTask20251125 } from "../../domain/TaskProjection.ts"
import type { TaskRecord } from "../../domain/TaskRecord.ts"
import { isTerminal } from "../../domain/TaskStatus.ts"
import { answeredCall, toolName } from "./answeredCall.ts"
import { makeDeliver } from "./deliverInput.ts"
import { deriveProtocol, fieldsOf, type Handler, requestOf, resultEncoder } from "./effectSeams.ts"
import { makeKnownTasks } from "./KnownTasks.ts"
import { methodNotFound } from "./protocolNames.ts"
import type { OwnTasks, ServedTasks } from "./TaskServer.ts"
import { toResult20251125 } from "./ToolResult.ts"
import { toWireError, unknownTask, WireError, wireError } from "./WireError.ts"

const Fields = Schema.Record(Schema.String, Schema.Unknown)
type Fields = typeof Fields.Type

const TaskById = Schema.Struct({ _meta: Schema.optional(Fields), taskId: Schema.String })
const isTaskById = Schema.is(TaskById)

/** Requests without parameters may leave them out. */
const ListTasks = Schema.UndefinedOr(Schema.Struct({
  _meta: Schema.optional(Fields),
  cursor: Schema.optional(Schema.String)
}))
const isListTasks = Schema.is(ListTasks)

const Augmentation = Schema.Struct({
  ttl: Schema.optional(Schema.NullOr(Schema.Int.check(Schema.isGreaterThan(0))))
})
const isAugmentation = Schema.is(Augmentation)

/** How long a poll is held where polls deliver what a task asks. */
const heldPoll = "25 seconds"

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
  const known = makeKnownTasks()
  const taskRequest = (method: string, payload: Schema.Top) =>
    Rpc.make(method, { payload, success: Fields, error: WireError }).middleware(McpSchema.McpServerClientMiddleware)

  return deriveProtocol(base, {
    requests: [
      initializeRequest.setSuccess(Fields),
      listRequest.setSuccess(Fields),
      callRequest.setSuccess(Fields).setPayload(
        Schema.Struct({
          ...fieldsOf(callRequest.payloadSchema, "the payload of tools/call"),
          task: Schema.optional(Augmentation)
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
      const listed = (payload: unknown, request: Parameters<Handler>[1]) =>
        Effect.map(Effect.flatMap(list(payload, request), encodeList), (result) => ({ result, tools: toolsOf(result) }))

      const handlers: { readonly [method: string]: Handler<R> } = {
        initialize: Effect.fnUntraced(function*(payload, request) {
          const result = yield* encodeInitialized(yield* initialize(payload, request))
          const capabilities = Predicate.isReadonlyObject(result["capabilities"]) ? result["capabilities"] : {}
          const tasks = { ...(served.canList ? { list: {} } : {}), cancel: {}, requests: { tools: { call: {} } } }
          return { ...result, capabilities: { ...capabilities, tasks } }
        }),
        "tools/list": Effect.fnUntraced(function*(payload, request) {
          const { result, tools } = yield* listed(payload, request)
          return { ...result, tools: tools.map((tool) => withSupport(tool, served.supportOf(toolName(tool)))) }
        }),
        "tools/call": Effect.fnUntraced(function*(payload, request) {
          const { augmentation, call: plain } = splitAugmentation(payload)
          const name = toolName(payload)
          if (augmentation === undefined) {
            return yield* answeredCall(call, encodeCall, created, plain, request, {
              create: undefined,
              refusal: { code: methodNotFound, message: `Tool '${name}' requires task augmentation` },
              strict: false
            })
          }
          if (served.supportOf(name) === "forbidden") {
            const { tools } = yield* listed(undefined, request)
            if (tools.some((tool) => toolName(tool) === name)) {
              return yield* Effect.fail(
                wireError({ code: methodNotFound, message: `Tool '${name}' does not support task augmentation` })
              )
            }
            // A tool that this client does not see, which Effect refuses as one that does not exist.
            return yield* encodeCall(yield* call(plain, request))
          }
          const create = yield* served.creation(augmentation.ttl)
          const client = yield* McpSchema.McpServerClient
          const noted = (record: TaskRecord) => {
            if (served.inputOnPoll) known(client, record)
            return created(record)
          }
          return yield* answeredCall(call, encodeCall, noted, plain, request, {
            create,
            refusal: { code: methodNotFound, message: `Tool '${name}' does not support task augmentation` },
            strict: true
          })
        }),
        "tasks/get": Effect.fnUntraced(function*(payload) {
          if (!isTaskById(payload)) return yield* impossible
          const { taskId } = payload
          const tasks = yield* served.own
          if (served.inputOnPoll) {
            const record = yield* found(taskId, tasks.storage.getTask(taskId))
            // A client that recovers a task by its first poll would not know yet what the question belongs to.
            const isKnown = known(yield* McpSchema.McpServerClient, record)
            if (!isKnown || record.status !== "input_required") return { ...record.toTask20251125() }
            return yield* heldUntilAnswered(served, tasks, record)
          }
          const summary = yield* found(taskId, tasks.storage.getTaskSummary(taskId))
          return { ...summary.toTask20251125() }
        }),
        "tasks/cancel": Effect.fnUntraced(function*(payload) {
          if (!isTaskById(payload)) return yield* impossible
          const { runner } = yield* served.own
          const record = yield* Effect.catch(
            runner.cancelTask(payload.taskId),
            (error) => toWireError(payload.taskId, error)
          )
          return { ...record.toTask20251125() }
        }),
        "tasks/result": Effect.fnUntraced(function*(payload, { client }) {
          if (!isTaskById(payload)) return yield* impossible
          const { taskId } = payload
          const tasks = yield* served.own
          const deliver = makeDeliver(yield* McpSchema.McpServerClient, tasks, served.asking)
          const tell = (record: TaskRecord) =>
            sendNotification?.(base.protocolVersion, client.id, {
              tag: "notifications/tasks/status",
              // It names its task itself, and so is not marked as related to one.
              payload: { ...record.toTask20251125() }
            }) ?? Effect.void
          const last = yield* tasks.storage.changes(taskId).pipe(
            Stream.zipWithIndex,
            Stream.mapEffect(([record, index]) =>
              Effect.as(Effect.andThen(index === 0 ? Effect.void : tell(record), deliver(record)), record)
            ),
            Stream.runLast,
            Effect.catch((error) => toWireError(taskId, error))
          )
          if (Option.isNone(last)) return yield* Effect.fail(unknownTask(taskId))
          const outcome = last.value.toFinalOutcome()
          if (outcome === undefined) return yield* Effect.fail(unknownTask(taskId))
          return outcome._tag === "Success"
            ? toResult20251125(taskId, outcome.value)
            : yield* Effect.fail(wireError(outcome))
        }),
        ...(served.canList ? { "tasks/list": listTasks(served) } : {})
      }
      return handlers
    }
  })
}

/** The payloads of requests are decoded by their schemas before a handler sees them. */
const impossible = Effect.die(new Error("A request for a task came undecoded"))

const created = (record: TaskRecord): Fields => ({ task: { ...record.toTask20251125() } })

const listTasks = <R>(served: ServedTasks<R>): Handler<R> =>
  Effect.fnUntraced(function*(payload) {
    if (!isListTasks(payload)) return yield* impossible
    const { storage } = yield* served.own
    const page = yield* Effect.catch(
      storage.listTaskSummaries(payload?.cursor === undefined ? {} : { cursor: payload.cursor }),
      (error) => toWireError(undefined, error)
    )
    return {
      tasks: page.tasks.map((task) => ({ ...toTask20251125(task) })),
      ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor })
    }
  })

const heldUntilAnswered = Effect.fnUntraced(function*<R>(
  served: ServedTasks<R>,
  tasks: OwnTasks,
  record: TaskRecord
) {
  const { taskId } = record
  const deliver = makeDeliver(yield* McpSchema.McpServerClient, tasks, served.asking)
  yield* tasks.storage.changes(taskId).pipe(
    Stream.takeUntil(({ status }) => status !== "input_required" || isTerminal(status)),
    Stream.runForEach(deliver),
    Effect.catch((error) => toWireError(taskId, error)),
    Effect.timeoutOption(heldPoll)
  )
  const summary = yield* found(taskId, tasks.storage.getTaskSummary(taskId))
  return { ...summary.toTask20251125() }
})

const found = <A, E extends Parameters<typeof toWireError>[1]>(
  taskId: string,
  reading: Effect.Effect<Option.Option<A>, E>
): Effect.Effect<A, WireError> =>
  reading.pipe(
    Effect.catch((error) => toWireError(taskId, error)),
    Effect.flatMap((found) => Option.isSome(found) ? Effect.succeed(found.value) : Effect.fail(unknownTask(taskId)))
  )

const splitAugmentation = (payload: unknown) => {
  if (!Predicate.isReadonlyObject(payload)) return { augmentation: undefined, call: payload }
  const { task, ...call } = payload
  return { augmentation: isAugmentation(task) ? task : undefined, call }
}

const toolsOf = (result: Fields): ReadonlyArray<Fields> => {
  const tools = result["tools"]
  return Array.isArray(tools) ? tools.filter(Predicate.isReadonlyObject) : []
}

const withSupport = (tool: Fields, taskSupport: string): Fields =>
  taskSupport === "forbidden" ? tool : { ...tool, execution: { taskSupport } }
