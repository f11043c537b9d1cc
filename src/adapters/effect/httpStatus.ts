/**
 * The errors of requests, with the HTTP status of their answers.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { httpStatusOf, type WireError } from "../../protocol/WireError.ts"

/**
 * Fails with an error, which HTTP answers with the status that belongs to it. On other transports it is the error alone.
 *
 * @since 0.2.0
 * @category constructors
 */
export const failRequest = (error: WireError): Effect.Effect<never, WireError> =>
  Effect.withFiber((fiber) => {
    const status = httpStatusOf(error)
    if (status !== 200) {
      HttpEffect.appendPreResponseHandlerUnsafe(
        fiber.context,
        (_request, response) => Effect.succeed(HttpServerResponse.setStatus(response, status))
      )
    }
    return Effect.fail(error)
  })
