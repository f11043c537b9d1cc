/**
 * The HTTP status of answers.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { WireError } from "./WireError.ts"

/**
 * Fails with an error that HTTP answers with 400. On other transports it is the error alone.
 *
 * @since 0.2.0
 * @category constructors
 */
export const failBadRequest = (error: WireError): Effect.Effect<never, WireError> =>
  Effect.withFiber((fiber) => {
    HttpEffect.appendPreResponseHandlerUnsafe(
      fiber.context,
      (_request, response) => Effect.succeed(HttpServerResponse.setStatus(response, 400))
    )
    return Effect.fail(error)
  })
