/**
 * What tasks ask of clients of revision 2025-11-25, on the stream of a request.
 *
 * @since 0.2.0
 */
import type * as McpSchema from "effect/ai/McpSchema"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import type { JsonObject } from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { TaskRecord } from "../../domain/TaskRecord.ts"
import { rawClient } from "./effectSeams.ts"
import type { KeyLocks } from "./KeyLocks.ts"
import { relatedTaskKey } from "./protocolNames.ts"
import type { OwnTasks } from "./TaskServer.ts"

type Fields = Readonly<Record<string, unknown>>

/**
 * Sends what a task asks, each request once.
 *
 * @since 0.2.0
 * @category models
 */
export type Deliver = (record: TaskRecord) => Effect.Effect<void, never, Scope.Scope>

/**
 * Makes the deliveries of one stream. Of several streams that wait for the same task one asks at a time; when its client
 * goes away, the next one does. An answer that has arrived is stored, whatever becomes of the stream.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeDeliver = (
  client: McpSchema.McpServerClient["Service"],
  tasks: OwnTasks,
  asking: KeyLocks
): Deliver => {
  const begun = new Set<string>()
  return (record) =>
    Effect.forEach(Object.keys(record.inputRequests ?? {}), (key) => {
      if (begun.has(key)) return Effect.void
      begun.add(key)
      return asking.holding(`${record.taskId}/${key}`)(deliverOne(client, tasks, record.taskId, key)).pipe(
        Effect.forkScoped({ startImmediately: true })
      )
    }, { discard: true })
}

const deliverOne = (client: McpSchema.McpServerClient["Service"], tasks: OwnTasks, taskId: string, key: string) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const request = yield* restore(stillAsked(tasks, taskId, key))
      if (request === undefined || !supports(client.clientCapabilities, request.method)) return
      const raw = rawClient(yield* client.getClient)
      const answer = yield* restore(raw.request(request.method, {
        ...request.params,
        _meta: { ...request.meta, [relatedTaskKey]: { taskId } }
      }))
      yield* tasks.runner.provideInput(taskId, { [key]: answer }).pipe(
        Effect.retry({
          while: (error) => error._tag === "TaskStorageUnavailable" && error.retryable,
          times: 5,
          schedule: Schedule.exponential("200 millis")
        })
      )
    })
  ).pipe(
    Effect.scoped,
    // The task goes on waiting, and the next stream asks again.
    Effect.catch((error) => Effect.logWarning("What a task asks could not be delivered, or not its answer", error)),
    Effect.annotateLogs({ "mcp.task.id": taskId, "mcp.task.input": key })
  )

/** Another stream may have had the answer meanwhile. */
const stillAsked = (tasks: OwnTasks, taskId: string, key: string) =>
  Effect.map(tasks.storage.getTask(taskId), (found) =>
    Option.match(found, {
      onNone: () => undefined,
      onSome: ({ inputRequests }) => readRequest(inputRequests, key)
    }))

interface Asked {
  readonly method: string
  readonly params: Fields
  readonly meta: Fields
}

const readRequest = (requests: JsonObject | undefined, key: string): Asked | undefined => {
  const request: unknown = requests?.[key]
  if (!Predicate.isReadonlyObject(request) || typeof request["method"] !== "string") return undefined
  const params = Predicate.isReadonlyObject(request["params"]) ? request["params"] : {}
  return {
    method: request["method"],
    params,
    meta: Predicate.isReadonlyObject(params["_meta"]) ? params["_meta"] : {}
  }
}

/** Clients must not be asked what they did not say that they can do. What the protocol does not know, they may know. */
const supports = (capabilities: McpSchema.ClientCapabilities, method: string): boolean => {
  switch (method) {
    case "elicitation/create":
      return capabilities.elicitation !== undefined
    case "sampling/createMessage":
      return capabilities.sampling !== undefined
    case "roots/list":
      return capabilities.roots !== undefined
    default:
      return true
  }
}
