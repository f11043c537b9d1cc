/**
 * Notifications of tasks, in `subscriptions/listen`.
 *
 * The SDK answers that request before there is a server, and drops the `taskIds` of it. So its answer is taken as it is,
 * and what concerns tasks is put into it: their ids into the acknowledgement, and behind that their notifications.
 *
 * @since 0.2.0
 */
import {
  type McpHandlerRequestOptions,
  type McpHttpHandler,
  readRequestBody,
  SUBSCRIPTION_ID_META_KEY
} from "@modelcontextprotocol/server"
import { isObject } from "../../promise/arguments.ts"
import type { PromiseSessionTasks } from "../../promise/PromiseTaskStorage.ts"
import type { TaskRequests } from "./TaskRequests.ts"
import { envelopeDeclaresTasks } from "./tasksCapability.ts"
import { missingCapability } from "./wireErrors.ts"
import { toWireTask } from "./wireTask.ts"

/** A request to listen that names tasks. */
interface ListenRequest {
  readonly id: unknown
  readonly meta: unknown
  readonly taskIds: ReadonlyArray<string>
}

const method = "subscriptions/listen"

/** How many tasks one subscription may name; further ones are not acknowledged. */
const mostTasks = 100

/** Proxies close what is silent for too long. */
const keepAlive = 15_000

/**
 * Makes a handler that knows `taskIds`.
 *
 * @since 0.2.0
 * @category constructors
 */
export const listenToTasks = (handler: McpHttpHandler, requests: TaskRequests): McpHttpHandler => {
  const closing = new AbortController()
  return {
    ...handler,
    fetch: async (request, options) => {
      const listen = await readListenRequest(request, options)
      if (listen === undefined) return handler.fetch(request, options)
      try {
        if (!envelopeDeclaresTasks(listen.meta)) throw missingCapability()
        const { tasks } = await requests.ownedBy(options?.authInfo, request)
        const taskIds = await knownTasks(tasks, listen.taskIds)
        const response = await handler.fetch(request, options)
        // Whatever else is wrong with the request has been found by now.
        if (response.body === null || response.headers.get("content-type") !== "text/event-stream") return response
        const signal = AbortSignal.any([request.signal, closing.signal])
        const subscription = new Subscription(listen.id, taskIds, tasks, signal)
        subscription.serve(response.body).catch((error: unknown) => requests.toWire(error))
        return new Response(subscription.body, response)
      } catch (error) {
        const { code, data, message } = requests.toWire(error)
        const answer = {
          jsonrpc: "2.0",
          id: listen.id,
          error: data === undefined ? { code, message } : { code, message, data }
        }
        return Response.json(answer, { status: code === missingCapability().code ? 400 : 200 })
      }
    },
    close: async () => {
      closing.abort()
      await handler.close()
    }
  }
}

/** Gives `undefined` for anything but a request to listen to tasks; the SDK says what is wrong with it, if anything is. */
const readListenRequest = async (
  request: Request,
  options: McpHandlerRequestOptions | undefined
): Promise<ListenRequest | undefined> => {
  // A request whose header does not tell its method is refused.
  if (request.method !== "POST" || request.headers.get("mcp-method") !== method) return undefined
  const body = options?.parsedBody ?? await readJson(request.clone())
  if (!isObject(body) || body["method"] !== method || !isObject(body["params"])) return undefined
  const { _meta: meta, notifications } = body["params"]
  const taskIds: unknown = isObject(notifications) ? notifications["taskIds"] : undefined
  if (!Array.isArray(taskIds)) return undefined
  return { id: body["id"], meta, taskIds: taskIds.filter((taskId) => typeof taskId === "string") }
}

const readJson = async (request: Request): Promise<unknown> => {
  try {
    const body = await readRequestBody(request)
    return body.tooLarge ? undefined : JSON.parse(body.text)
  } catch {
    return undefined
  }
}

const knownTasks = async (
  tasks: PromiseSessionTasks,
  taskIds: ReadonlyArray<string>
): Promise<ReadonlyArray<string>> => {
  const known: Array<string> = []
  for (const taskId of new Set(taskIds.slice(0, mostTasks))) {
    if (await isKnown(tasks, taskId)) known.push(taskId)
  }
  return known
}

const isKnown = async (tasks: PromiseSessionTasks, taskId: string): Promise<boolean> => {
  try {
    return await tasks.getTaskSummary(taskId) !== undefined
  } catch (error) {
    if (isObject(error) && error["_tag"] === "InvalidInput") return false
    throw error
  }
}

/** One stream of notifications. Nothing is written ahead of the acknowledgement, nor faster than the client reads. */
class Subscription {
  readonly body: ReadableStream<Uint8Array>
  readonly #id: unknown
  readonly #taskIds: ReadonlyArray<string>
  readonly #tasks: PromiseSessionTasks
  /** Aborted when nobody reads any more. */
  readonly #left = new AbortController()
  /** Aborted when there is nothing more to do. */
  readonly #over = new AbortController()
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #encoder = new TextEncoder()

  constructor(id: unknown, taskIds: ReadonlyArray<string>, tasks: PromiseSessionTasks, signal: AbortSignal) {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    this.body = readable
    this.#id = id
    this.#taskIds = taskIds
    this.#tasks = tasks
    this.#writer = writable.getWriter()
    this.#writer.closed.catch(() => this.#left.abort())
    signal.addEventListener("abort", () => this.#left.abort(), { signal: this.#over.signal })
    if (signal.aborted) this.#left.abort()
    this.#left.signal.addEventListener("abort", () => this.#over.abort())
  }

  /** Writes the answer of the SDK, and the notifications of tasks until they have ended. */
  async serve(answer: ReadableStream<Uint8Array>): Promise<void> {
    const timer = setInterval(() => void this.#write(": keepalive").catch(() => undefined), keepAlive)
    timer.unref()
    const reader = answer.pipeThrough(new TextDecoderStream()).getReader()
    this.#over.signal.addEventListener("abort", () => void reader.cancel().catch(() => undefined))
    if (this.#over.signal.aborted) await reader.cancel()
    let watching: Promise<unknown> = Promise.resolve()
    let last: string | undefined
    try {
      for await (const frame of framesOf(reader)) {
        const message = messageOf(frame)
        if (message?.["method"] === "notifications/subscriptions/acknowledged") {
          await this.#acknowledge(message)
          watching = Promise.all(this.#taskIds.map((taskId) => this.#watch(taskId)))
          watching.catch(() => this.#over.abort())
        } else if (message !== undefined && "result" in message) {
          // The SDK has nothing more to say. It may have had nothing to say at all.
          last = frame
        } else {
          await this.#write(frame)
        }
      }
      await watching
      if (last !== undefined) await this.#write(last)
    } catch (error) {
      if (!this.#left.signal.aborted) throw error
    } finally {
      clearInterval(timer)
      this.#over.abort()
      await this.#writer.close().catch(() => undefined)
    }
  }

  async #watch(taskId: string): Promise<void> {
    try {
      for await (const task of this.#tasks.changes(taskId, { signal: this.#over.signal })) {
        await this.#notify("notifications/tasks", {
          ...toWireTask(task),
          _meta: { [SUBSCRIPTION_ID_META_KEY]: this.#id }
        })
      }
    } catch (error) {
      // It expired, and there is no more to tell of it.
      if (!isObject(error) || error["_tag"] !== "TaskNotFound") throw error
    }
  }

  #acknowledge(message: { readonly [key: string]: unknown }): Promise<void> {
    const params = isObject(message["params"]) ? message["params"] : {}
    const honored = isObject(params["notifications"]) ? params["notifications"] : {}
    return this.#notify("notifications/subscriptions/acknowledged", {
      ...params,
      notifications: { ...honored, taskIds: this.#taskIds }
    })
  }

  #notify(method: string, params: unknown): Promise<void> {
    return this.#write(`event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", method, params })}`)
  }

  #write(frame: string): Promise<void> {
    return this.#writer.write(this.#encoder.encode(`${frame}\n\n`))
  }
}

const framesOf = async function*(reader: ReadableStreamDefaultReader<string>): AsyncGenerator<string> {
  let text = ""
  while (true) {
    const { done, value } = await reader.read()
    if (done) return
    text += value
    const frames = text.split("\n\n")
    text = frames.pop() ?? ""
    yield* frames
  }
}

const messageOf = (frame: string): { readonly [key: string]: unknown } | undefined => {
  const data = frame.split("\n").find((line) => line.startsWith("data: "))
  const message: unknown = data === undefined ? undefined : JSON.parse(data.slice("data: ".length))
  return isObject(message) ? message : undefined
}
