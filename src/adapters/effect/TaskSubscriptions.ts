/**
 * Subscriptions to tasks, in revision 2026-07-28.
 *
 * @since 0.2.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { acknowledged, subscriptionIdKey } from "../../protocol/names.ts"
import { ownProperty } from "../../protocol/TaskClient.ts"
import { type TaskStream, toSubscription, withTaskIds } from "../../protocol/TaskStream.ts"
import type { InstallationContext, RequestInfo, SendNotification } from "./effectSeams.ts"
import { CurrentGate } from "./StreamGate.ts"

interface Pending {
  readonly taskIds: ReadonlyArray<string>
  readonly acknowledged: Deferred.Deferred<void>
}

/**
 * The subscriptions of one server.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskSubscriptions {
  /** Adds to the acknowledgements, which Effect's own handler sends, the tasks that are watched. */
  readonly acknowledging: (context: InstallationContext) => InstallationContext
  /** Runs the handler of a subscription, and tells the client of its tasks from the acknowledgement on. */
  readonly watching: <A, E, R>(
    listen: Effect.Effect<A, E, R>,
    options: {
      readonly request: RequestInfo
      readonly stream: TaskStream
      readonly send: SendNotification
    }
  ) => Effect.Effect<A, E, R>
}

/**
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskSubscriptions = (protocolVersion: string): TaskSubscriptions => {
  const pending = new Map<string, Pending>()
  return {
    acknowledging: (context) => {
      const send = context.sendNotification
      if (send === undefined) return context
      return {
        ...context,
        sendNotification: (version, clientId, notification) => {
          const entry = notification.tag === acknowledged
            ? pending.get(keyOf(clientId, subscriptionOf(notification.payload)))
            : undefined
          if (entry === undefined) return send(version, clientId, notification)
          return Effect.andThen(
            send(version, clientId, { tag: acknowledged, payload: withTaskIds(notification.payload, entry.taskIds) }),
            Deferred.succeed(entry.acknowledged, undefined)
          )
        }
      }
    },
    watching: (listen, { request, send, stream }) =>
      Effect.scoped(Effect.gen(function*() {
        const entry: Pending = { taskIds: stream.taskIds, acknowledged: yield* Deferred.make<void>() }
        const key = keyOf(request.client.id, request.requestId)
        yield* Effect.acquireRelease(
          Effect.sync(() => pending.set(key, entry)),
          () => Effect.sync(() => pending.delete(key))
        )
        const gate = yield* CurrentGate
        const notify = (task: Readonly<Record<string, unknown>>) => {
          const sending = send(protocolVersion, request.client.id, {
            tag: "notifications/tasks",
            payload: toSubscription(request.requestId, task)
          })
          return gate === undefined ? sending : gate.through(sending)
        }
        yield* Deferred.await(entry.acknowledged).pipe(
          Effect.andThen(stream.run(notify)),
          Effect.forkScoped
        )
        return yield* listen
      }))
  }
}

const keyOf = (clientId: number, subscription: unknown): string =>
  `${clientId}:${typeof subscription}:${String(subscription)}`

const subscriptionOf = (payload: unknown): unknown => ownProperty(ownProperty(payload, "_meta"), subscriptionIdKey)
