/**
 * Where failures go of which clients must not know.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"

/**
 * Logs a failure. On stdout a log line would break the protocol of a stdio server.
 *
 * @since 0.2.0
 * @category logging
 */
export const logToStderr = (failure: unknown): void => {
  const text = failure instanceof Error ? failure.stack ?? failure.message : String(failure)
  Effect.runFork(Effect.provideService(Effect.logError(text), Logger.LogToStderr, true))
}
