/**
 * The `TaskMessageQueue` of the official MCP SDK, kept in a `TaskStorage`.
 *
 * @since 0.1.0
 */
import type { QueuedMessage, TaskMessageQueue } from "@modelcontextprotocol/sdk/experimental/tasks"
import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse
} from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TaskMessages, TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageUnavailable } from "../../domain/task/TaskError.ts"
import { isObject } from "../../promise/arguments.ts"
import { millisOption, type RunPromiseExit, SdkCalls } from "./SdkCalls.ts"
import { refuse } from "./SdkRefusal.ts"
import type { SdkTaskStoreOptions } from "./SdkTaskStoreOptions.ts"

/**
 * Queues the messages that the client of a task gets with `tasks/result`: first in, first out, durable where the storage
 * is.
 *
 * Requests, responses and errors are given only to the process, and there to the session, that queued them; met by
 * another one they are dropped. They carry the id of a request, which is a small number that every connection counts
 * from 0 and only the one that sent the request can resolve: an answer to a request of another process would reach
 * whichever request of this one has the same number, that of another task perhaps. Notifications carry no such id and
 * pass.
 *
 * So a client that is asked for input must reach the process that runs its task: several instances need sessions that
 * stick to one. A request that is lost in spite of that ends with the timeout of whoever sent it.
 *
 * The constructor throws `InvalidInput` when an option is wrong.
 *
 * @since 0.1.0
 * @category stores
 */
export class SdkTaskMessageQueue implements TaskMessageQueue {
  readonly #messages: TaskMessages
  readonly #instance = crypto.randomUUID()
  readonly #ttl: number | undefined
  readonly #calls: SdkCalls

  constructor(
    storage: TaskStorageShape,
    options: SdkTaskStoreOptions = {},
    run: RunPromiseExit = Effect.runPromiseExit
  ) {
    this.#messages = storage.messages
    this.#ttl = options.messageTtl === undefined ? undefined : millisOption("messageTtl", options.messageTtl, 1)
    this.#calls = new SdkCalls(options, run)
  }

  /**
   * Appends a message. Rejects when `maxSize` messages wait already.
   */
  enqueue(taskId: string, message: QueuedMessage, sessionId?: string, maxSize?: number): Promise<void> {
    const envelope: Envelope = { instance: this.#instance, sessionId, message }
    return this.#calls.write(
      Effect.suspend(() => this.#messages.enqueue(taskId, envelope, { maxSize, ttl: this.#ttl })).pipe(
        Effect.catchTags({
          InvalidInput: (error) => refuse(new Error(error.message, { cause: error })),
          PayloadTooLarge: (error) => refuse(new Error(error.message, { cause: error }))
        }),
        Effect.flatMap((pushed) =>
          pushed.full
            ? refuse(
              new Error(`Task message queue overflow: queue size (${pushed.size}) exceeds maximum (${maxSize})`)
            )
            : Effect.void
        )
      )
    )
  }

  /**
   * Removes and gives the first message that is for this process and session; `undefined` when there is none.
   */
  dequeue(taskId: string, sessionId?: string): Promise<QueuedMessage | undefined> {
    return this.#calls.read(this.#shift(taskId, sessionId))
  }

  /**
   * Removes all messages and gives those that are for this process and session, in order. Never rejects, because the SDK
   * does not wait for it: what cannot be removed now is dropped when its time is over.
   */
  async dequeueAll(taskId: string, sessionId?: string): Promise<Array<QueuedMessage>> {
    try {
      return await this.#calls.read(
        Effect.suspend(() => this.#messages.dequeueAll(taskId)).pipe(
          Effect.map((values) => values.flatMap((value) => this.#open(value, sessionId) ?? [])),
          Effect.catchTag("InvalidInput", () => Effect.succeed([]))
        )
      )
    } catch {
      return []
    }
  }

  /** Ends, because each round removes a message. */
  #shift(
    taskId: string,
    sessionId: string | undefined
  ): Effect.Effect<QueuedMessage | undefined, TaskStorageUnavailable> {
    return Effect.suspend(() => this.#messages.dequeue(taskId)).pipe(
      Effect.flatMap(Option.match({
        onNone: () => Effect.undefined,
        onSome: (value) => {
          const message = this.#open(value, sessionId)
          return message === undefined ? this.#shift(taskId, sessionId) : Effect.succeed(message)
        }
      })),
      // What cannot be an id is the id of no task.
      Effect.catchTag("InvalidInput", () => Effect.undefined)
    )
  }

  /** Gives the message in an envelope if it is for this process and session. */
  #open(value: unknown, sessionId: string | undefined): QueuedMessage | undefined {
    if (!isEnvelope(value)) return undefined
    const message = readMessage(value.message)
    if (message === undefined || message.type === "notification") return message
    const isForeign = value.instance !== this.#instance ||
      (value.sessionId !== undefined && sessionId !== undefined && value.sessionId !== sessionId)
    return isForeign ? undefined : message
  }
}

/** A message as it is stored, with where it comes from. */
interface Envelope {
  readonly instance: string
  readonly sessionId?: string | undefined
  readonly message: unknown
}

const isEnvelope = (value: unknown): value is Envelope =>
  isObject(value) && typeof value["instance"] === "string" && "message" in value

/** Other software may write to the same queue, so what is read is checked. */
const readMessage = (value: unknown): QueuedMessage | undefined => {
  if (!isObject(value) || typeof value["timestamp"] !== "number") return undefined
  const { message, timestamp, type } = value
  if (type === "request" && isJSONRPCRequest(message)) return { type, timestamp, message }
  if (type === "notification" && isJSONRPCNotification(message)) return { type, timestamp, message }
  if (type === "response" && isJSONRPCResultResponse(message)) return { type, timestamp, message }
  if (type === "error" && isJSONRPCErrorResponse(message)) return { type, timestamp, message }
  return undefined
}
