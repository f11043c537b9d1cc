/**
 * Notifications of tasks, in `subscriptions/listen`.
 *
 * The SDK answers that request before there is a server, and drops the `taskIds` of it. So its answer is taken as it is,
 * and what concerns tasks is put into it: their ids into the acknowledgement, and behind that their notifications.
 *
 * @since 0.2.0
 */
import { type McpHttpHandler, ProtocolError } from "@modelcontextprotocol/server"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { acknowledged } from "../../protocol/names.ts"
import { taskIdsOf } from "../../protocol/params.ts"
import { tooLargeAnswer } from "../../protocol/requestLimits.ts"
import { declaresTasks, ownProperty } from "../../protocol/TaskClient.ts"
import { openTaskStream, type TaskStream, toSubscription, withTaskIds } from "../../protocol/TaskStream.ts"
import { httpStatusOf, missingCapability, wireError } from "../../protocol/WireError.ts"
import { BoundedHandler, readJson, type ReadRequest } from "./BoundedHandler.ts"
import { envelopeClient } from "./requestOf.ts"
import type { ServedTasks } from "./ServedTasks.ts"

type Fields = Readonly<Record<string, unknown>>

/** A request to listen that names tasks. */
interface ListenRequest {
  readonly id: unknown
  readonly params: unknown
}

const method = "subscriptions/listen"

/** Proxies close what is silent for too long. */
const silence = "15 seconds"

/**
 * Makes a handler that knows `taskIds`.
 *
 * @since 0.2.0
 * @category constructors
 */
export const listenToTasks = (handler: McpHttpHandler, served: ServedTasks): McpHttpHandler => {
  const closing = new AbortController()
  const bounded = new BoundedHandler(handler)

  const serveListening = async (read: ReadRequest): Promise<Response> => {
    const { options, request } = read
    const listen = await readListenRequest(read)
    if (listen === undefined) return bounded.answer(read)
    const scope = Scope.makeUnsafe()
    const release = () => Effect.runPromise(Scope.close(scope, Exit.void))
    try {
      const stream = await served.answer(
        (tasks) =>
          declaresTasks(envelopeClient(ownProperty(listen.params, "_meta")) ?? nobody)
            ? Effect.flatMap(taskIdsOf(listen.params), (taskIds = []) =>
              Effect.flatMap(
                served.owned(tasks, options?.authInfo, request),
                (owned) => Scope.provide(openTaskStream(tasks, owned, taskIds), scope)
              ))
            : Effect.fail(missingCapability),
        request.signal
      )
      const response = await bounded.answer(read)
      // Whatever else is wrong with the request has been found by now.
      if (response.body === null || response.headers.get("content-type") !== "text/event-stream") {
        await release()
        return response
      }
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
      const writer = writable.getWriter()
      const relaying = relay(response.body, stream, writer, listen.id)
      const signal = AbortSignal.any([request.signal, closing.signal])
      // How it ends is for the operator alone, who has heard. Where the runner has just ended it never begins.
      served.answer(() => relaying, signal).catch(() => undefined).finally(() => {
        writer.close().catch(() => undefined)
        return release()
      })
      return new Response(readable, response)
    } catch (error) {
      await release()
      if (!(error instanceof ProtocolError)) throw error
      return Response.json({ jsonrpc: "2.0", id: listen.id, error: wireError(error) }, {
        status: httpStatusOf(error)
      })
    }
  }

  return {
    ...handler,
    fetch: async (request, options) => {
      const read = await bounded.read(served.limits, request, options)
      if (read === undefined) {
        const { body, ...answer } = tooLargeAnswer(served.limits)
        return new Response(body, answer)
      }
      return saysThatItListens(request) ? serveListening(read) : bounded.answer(read)
    },
    close: async () => {
      closing.abort()
      await handler.close()
    }
  }
}

const nobody = { clientCapabilities: undefined }

/** A request whose header does not tell its method is refused. */
const saysThatItListens = (request: Request): boolean =>
  request.headers.get("mcp-method") === method && request.method === "POST"

/** Gives `undefined` for anything but a request to listen to tasks; the SDK says what is wrong with it, if anything is. */
const readListenRequest = async ({ options, request }: ReadRequest): Promise<ListenRequest | undefined> => {
  const body = options?.parsedBody ?? await readJson(request.clone())
  const params = ownProperty(body, "method") === method ? ownProperty(body, "params") : undefined
  if (ownProperty(ownProperty(params, "notifications"), "taskIds") === undefined) return undefined
  return { id: ownProperty(body, "id"), params }
}

/**
 * Writes the answer of the SDK, and the notifications of tasks until they have ended, nothing ahead of the
 * acknowledgement, nor faster than the client reads.
 */
const relay = Effect.fnUntraced(function*(
  answer: ReadableStream<Uint8Array>,
  stream: TaskStream,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  id: unknown
) {
  const encoder = new TextEncoder()
  const reader = answer.pipeThrough(new TextDecoderStream()).getReader()
  const begun = yield* Deferred.make<boolean>()
  let last: string | undefined

  const write = (frame: string) =>
    Effect.promise(() => writer.write(encoder.encode(`${frame}\n\n`)).catch(() => undefined))
  const notify = (method: string, params: Fields) =>
    write(`event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", method, params })}`)

  const relayed = Effect.gen(function*() {
    for (let frames = "";;) {
      const { done, value } = yield* Effect.promise(() => reader.read())
      if (done) return
      const parts = (frames + value).split("\n\n")
      frames = parts.pop() ?? ""
      for (const frame of parts) {
        const message = messageOf(frame)
        if (ownProperty(message, "method") === acknowledged) {
          yield* notify(acknowledged, withTaskIds(ownProperty(message, "params"), stream.taskIds))
          yield* Deferred.succeed(begun, true)
        } else if (ownProperty(message, "result") === undefined) {
          yield* write(frame)
        } else {
          // The SDK has nothing more to say. It may have had nothing to say at all.
          last = frame
        }
      }
    }
  }).pipe(Effect.ensuring(Deferred.succeed(begun, false)))
  const told = Effect.flatMap(Deferred.await(begun), (isBegun) =>
    isBegun
      ? stream.run((task) => notify("notifications/tasks", toSubscription(id, task)))
      : Effect.void)
  const left = Effect.promise(() => writer.closed.catch(() => undefined))
  const commenting = Effect.forever(Effect.andThen(Effect.sleep(silence), write(": keepalive")))

  yield* Effect.all([relayed, told], { concurrency: "unbounded", discard: true }).pipe(
    Effect.andThen(Effect.suspend(() => last === undefined ? Effect.void : write(last))),
    Effect.raceFirst(left),
    Effect.raceFirst(commenting),
    Effect.ensuring(Effect.sync(() => void reader.cancel().catch(() => undefined)))
  )
})

const messageOf = (frame: string): unknown => {
  const data = frame.split("\n").find((line) => line.startsWith("data: "))
  return data === undefined ? undefined : JSON.parse(data.slice("data: ".length))
}
