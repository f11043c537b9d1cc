/**
 * `tasks/result` of servers whose tasks this library runs.
 *
 * @since 0.2.0
 */
import { isTerminal } from "@modelcontextprotocol/sdk/experimental/tasks"
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import {
  ErrorCode,
  GetTaskPayloadRequestSchema,
  McpError,
  RELATED_TASK_META_KEY,
  type RequestId,
  type Result,
  type Task
} from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import { InputDelivery } from "./InputDelivery.ts"
import type { SdkTasks } from "./sdkTasks.ts"

const answering = new WeakSet<McpServer>()

/** What the SDK waits between two looks at a task that has no poll interval. */
const pollInterval = 1000

/**
 * Has a server answer `tasks/result` as the SDK does, with two differences: what a task asks is read from the storage, so
 * that it is put to whoever listens on whichever server, also after a restart; and the answer comes as soon as the task
 * has ended.
 *
 * @since 0.2.0
 * @category handlers
 */
export const answerTaskResults = (server: McpServer, tasks: SdkTasks): void => {
  if (answering.has(server)) return
  server.server.setRequestHandler(GetTaskPayloadRequestSchema, async ({ params }, extra) => {
    const { requestId, sessionId } = extra
    const { taskId } = params
    const answered = new AbortController()
    const signal = AbortSignal.any([extra.signal, answered.signal])
    const delivery = new InputDelivery(server, tasks, taskId, { requestId, knowsTask: true, signal })
    try {
      await readTask(tasks, taskId, sessionId)
      const followed = new AbortController()
      const early = AbortSignal.any([signal, followed.signal])
      void delivery.follow().finally(() => followed.abort())
      while (true) {
        await passMessages(server, tasks, taskId, sessionId, requestId)
        const task = await readTask(tasks, taskId, sessionId)
        if (isTerminal(task.status)) return await resultOf(tasks, taskId, sessionId)
        await pause(task.pollInterval ?? pollInterval, followed.signal.aborted ? signal : early)
        if (extra.signal.aborted) throw new McpError(ErrorCode.InvalidRequest, "Request cancelled")
        delivery.askAgain()
      }
    } finally {
      answered.abort("The request was answered")
    }
  })
  answering.add(server)
}

const readTask = async (tasks: SdkTasks, taskId: string, sessionId: string | undefined): Promise<Task> => {
  const task = await tasks.taskStore.getTask(taskId, sessionId)
  if (task === null) throw new McpError(ErrorCode.InvalidParams, `Task not found: ${taskId}`)
  return task
}

const resultOf = async (tasks: SdkTasks, taskId: string, sessionId: string | undefined): Promise<Result> => {
  const result = await tasks.taskStore.getTaskResult(taskId, sessionId)
  return { ...result, _meta: { ...result._meta, [RELATED_TASK_META_KEY]: { taskId } } }
}

/** Sends what waits for the client of a task: what tools queue through the SDK, such as log messages. */
const passMessages = async (
  server: McpServer,
  { taskMessageQueue }: SdkTasks,
  taskId: string,
  sessionId: string | undefined,
  requestId: RequestId
): Promise<void> => {
  while (true) {
    const queued = await taskMessageQueue.dequeue(taskId, sessionId)
    if (queued === undefined) return
    if (queued.type === "response" || queued.type === "error") {
      server.server.onerror?.(new Error(`Nobody waits for the answer to request ${queued.message.id}`))
    } else {
      await server.server.transport?.send(queued.message, { relatedRequestId: requestId })
    }
  }
}

/** Waits so many milliseconds, or until the signal is aborted. */
const pause = async (millis: number, signal: AbortSignal): Promise<void> => {
  await Effect.runPromiseExit(Effect.sleep(millis), { signal })
}
