/**
 * What Effect's server over HTTP leaves to whoever runs it: how much of a request is read, and that clients and proxies do not
 * take a long silence for the end.
 *
 * @since 0.2.0
 */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import type * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServerError from "effect/http/HttpServerError"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { exitWithin } from "../../domain/effects/exitWithin.ts"
import type { OwnerLimits } from "../../protocol/OwnerLimits.ts"
import { declaresTooMuch, tooLargeAnswer } from "../../protocol/requestLimits.ts"
import { CurrentGate, StreamGate } from "./StreamGate.ts"

type RequestLimit = Pick<OwnerLimits, "requestBytes">

/** How many milliseconds an answer may take that is sent alone. A later one is sent on a stream, whose headers go at once. */
const patience = 200

/** Within which a stream says something. */
const silence = "15 seconds"

/**
 * Makes a router of which no request at this path is read beyond the limit, and none is left without a byte for long.
 *
 * @since 0.2.0
 * @category constructors
 */
export const patientRouter = (
  router: HttpRouter.HttpRouter,
  path: HttpRouter.PathInput,
  limits: RequestLimit
): HttpRouter.HttpRouter => ({
  ...router,
  add: (method, routePath, handler, options) =>
    router.add(
      method,
      routePath,
      typeof handler === "function" && method === "POST" && routePath === path
        ? (request) => bounded(request, limits, patiently(handler(request)))
        : handler,
      options
    )
})

/** Refuses a request that is too large, before anybody looks at it. */
const bounded = <E, R>(
  request: HttpServerRequest,
  limits: RequestLimit,
  handle: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R> => {
  if (limits.requestBytes === Infinity) return handle
  if (declaresTooMuch(limits, request.headers["content-length"])) return Effect.succeed(refuse(limits))
  return readWithin(request, limits, handle)
}

/** What the header says need not be true, such as behind what unpacks bodies. So all are counted while they are read, and kept. */
const readWithin = <E, R>(
  request: HttpServerRequest,
  limits: RequestLimit,
  handle: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R> =>
  request.text.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(limits.requestBytes)),
    Effect.matchEffect({
      onSuccess: () => handle,
      // What else is wrong with it is Effect's to answer.
      onFailure: (error) => isTooLarge(error) ? Effect.succeed(refuse(limits)) : handle
    })
  )

const refuse = (limits: RequestLimit): HttpServerResponse.HttpServerResponse => {
  const { body, headers, status } = tooLargeAnswer(limits)
  return HttpServerResponse.text(body, { status, headers, contentType: "application/json" })
}

const isTooLarge = ({ reason }: HttpServerError.HttpServerError): boolean =>
  reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"

/**
 * Gives an answer as it is where it comes soon, and else on a stream that begins at once.
 *
 * @since 0.2.0
 * @category combinators
 */
export const patiently = <E, R>(
  answer: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | Scope.Scope> =>
  Effect.uninterruptibleMask((restore) => {
    const gate = new StreamGate()
    const answering = Effect.forkDetach(Effect.provideService(answer, CurrentGate, gate), {
      startImmediately: true
    })
    return Effect.flatMap(answering, (fiber) =>
      Effect.flatMap(
        Effect.onInterrupt(restore(exitWithin(fiber, patience)), () => Fiber.interrupt(fiber)),
        (early) =>
          Option.isSome(early)
            ? Effect.mapEager(early.value, (response) => commented(response, gate, "behind it"))
            : Effect.as(Effect.addFinalizer(() => Fiber.interrupt(fiber)), streamed(fiber, gate))
      ))
  })

/** The headers go with the first byte. */
const streamed = <E>(answering: Fiber.Fiber<HttpServerResponse.HttpServerResponse, E>, gate: StreamGate) => {
  const events = Stream.unwrap(Effect.map(Fiber.join(answering), eventsOf))
  return commented(HttpServerResponse.stream(events, { contentType: eventStream }), gate, "at once")
}

const eventStream = "text/event-stream"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Gives what a response would have said, as events. */
const eventsOf = (response: HttpServerResponse.HttpServerResponse): Stream.Stream<Uint8Array, unknown> => {
  const { body } = response
  if (body._tag === "Stream") return body.stream
  if (body._tag !== "Uint8Array") return Stream.empty
  return Stream.succeed(
    isEventStream(response) ? body.body : encoder.encode(`data: ${decoder.decode(body.body).trimEnd()}\n\n`)
  )
}

const isEventStream = ({ body, headers }: HttpServerResponse.HttpServerResponse): boolean =>
  ((body._tag === "Empty" ? undefined : body.contentType) ?? headers["content-type"] ?? "").startsWith(eventStream)

const comments = Stream.map(Stream.tick(silence), () => encoder.encode(": keepalive\n\n"))

/** Adds comments to a stream of events, from its begin on or later. */
const commented = (
  response: HttpServerResponse.HttpServerResponse,
  gate: StreamGate,
  from: "at once" | "behind it"
): HttpServerResponse.HttpServerResponse => {
  const { body } = response
  if (body._tag !== "Stream" || !isEventStream(response)) return response
  const own = from === "at once" ? comments : Stream.drop(comments, 1)
  return HttpServerResponse.setBody(
    response,
    HttpBody.stream(gate.watch(Stream.merge(body.stream, own, { haltStrategy: "left" })), body.contentType)
  )
}
