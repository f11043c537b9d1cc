/**
 * `tasks/*` of servers whose tasks this library runs.
 *
 * @since 0.2.0
 */
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { GetTaskRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import { backgroundSleep } from "../../domain/effects/backgroundSleep.ts"
import { untilGone } from "../../protocol/leavingClient.ts"
import type { OwnedTasks } from "../../protocol/OwnedTasks.ts"
import { cursorOf, taskIdOf } from "../../protocol/params.ts"
import { orUnknown } from "../../protocol/readTask.ts"
import { ownProperty } from "../../protocol/TaskClient.ts"
import {
  cancelTask20251125,
  getTask20251125,
  listTasks20251125,
  taskResult20251125
} from "../../protocol/Tasks20251125.ts"
import type { WireError } from "../../protocol/WireError.ts"
import { answerToolCalls } from "./answerToolCalls.ts"
import { cannotBeAsked, type SdkRequest, sdkRequest } from "./SdkRequest.ts"
import { type Extra, replaceHandler, requireSeams } from "./sdkSeams.ts"
import { answerBy, ownedBy, type SdkTasks } from "./sdkTasks.ts"

const served = new WeakSet<McpServer>()

/**
 * Has the protocol answer what a server is asked of tasks. The server must have its first tool. Doing it again does nothing.
 *
 * @since 0.2.0
 * @category handlers
 */
export const serveTasks = (server: McpServer, sdk: SdkTasks): void => {
  if (served.has(server)) return
  requireSeams(server)
  // It throws where the server does not declare tasks.
  server.server.setRequestHandler(GetTaskRequestSchema, () => Promise.reject(unanswered))
  const { tasks } = sdk
  const answer = <Checked, A>(
    method: string,
    check: (params: unknown) => Effect.Effect<Checked, WireError>,
    use: (checked: Checked, owned: OwnedTasks, request: SdkRequest, extra: Extra) => Effect.Effect<A, WireError>
  ) =>
    replaceHandler(server, method, () => (message, extra) => {
      // It may ask anew, so its place is not kept for a client that does not come back.
      const request = sdkRequest(server, extra, tasks.settings.answerTimeout)
      const answer = Effect.flatMap(
        check(ownProperty(message, "params")),
        (checked) => Effect.flatMap(ownedBy(sdk, extra), (owned) => use(checked, owned, request, extra))
      )
      return answerBy(sdk, extra, untilGone(answer, request.gone))
    })

  answer(
    "tasks/get",
    taskIdOf,
    (taskId, owned, request) => getTask20251125(tasks, owned, taskId, listener(server, request))
  )
  answer("tasks/result", taskIdOf, (taskId, owned, request, extra) => {
    const pass = passMessages(server, sdk, taskId, extra)
    const pause = Math.max(tasks.settings.pollInterval, leastPause)
    const passing = Effect.forever(Effect.andThen(pass, backgroundSleep(pause)))
    const result = taskResult20251125(tasks, owned, taskId, {
      ...listener(server, request),
      notify: (task) => request.notify("notifications/tasks/status", task)
    })
    // Messages are passed to nobody else than whose the task is, and stay where its client goes away.
    return Effect.andThen(
      orUnknown(taskId, owned.storage.getTaskSummary(taskId)),
      Effect.flatMap(Effect.exit(Effect.raceFirst(result, passing)), (end) => Effect.andThen(pass, end))
    )
  })
  answer("tasks/cancel", taskIdOf, (taskId, owned) => cancelTask20251125(owned, taskId))
  answer("tasks/list", cursorOf, (cursor, owned) => listTasks20251125(owned, cursor))
  answerToolCalls(server, sdk)
  served.add(server)
}

const unanswered = new Error("tasks/get was to be answered by mcp-task-storage")

/** How long a request that waits pauses at least between looks for messages, in milliseconds. Clients may be told to poll at once. */
const leastPause = 100

/** A session has a server of its own, and so has each request of stateless HTTP. */
const listener = (server: McpServer, { ask = cannotBeAsked, client: { clientCapabilities } }: SdkRequest) => ({
  ask,
  clientCapabilities,
  client: server
})

/** Sends what waits for the client of a task: what tools queue through the SDK, such as log messages. */
const passMessages = (
  server: McpServer,
  { taskMessageQueue }: SdkTasks,
  taskId: string,
  { requestId, sessionId }: Extra
): Effect.Effect<void> =>
  Effect.ignore(Effect.tryPromise(async (signal) => {
    while (!signal.aborted) {
      const queued = await taskMessageQueue.dequeue(taskId, sessionId)
      if (queued === undefined) return
      if (queued.type === "response" || queued.type === "error") {
        server.server.onerror?.(new Error(`Nobody waits for the answer to request ${queued.message.id}`))
      } else {
        await server.server.transport?.send(queued.message, { relatedRequestId: requestId })
      }
    }
  }))
