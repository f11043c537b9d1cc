/**
 * Compressing text without blocking the event loop.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { deflateRaw, inflateRaw } from "node:zlib"
import { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { maxBytes } from "../../domain/json/StoredJson.ts"

/**
 * Compresses ASCII text.
 *
 * @since 0.1.0
 * @category combinators
 */
export const compress = (text: string): Effect.Effect<Uint8Array, TaskDriverError> =>
  Effect.callback((resume) => {
    deflateRaw(Buffer.from(text, "latin1"), (error, bytes) => {
      resume(error === null ? Effect.succeed(bytes) : Effect.fail(failed("compressed", "no", error)))
    })
  })

/**
 * Gives back the text that was compressed.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decompress = (bytes: Uint8Array): Effect.Effect<string, TaskDriverError> =>
  Effect.callback((resume) => {
    inflateRaw(bytes, { maxOutputLength: maxBytes }, (error, text) => {
      resume(error === null ? Effect.succeed(text.toString("latin1")) : Effect.fail(failed("read", "unknown", error)))
    })
  })

const failed = (what: string, applied: "no" | "unknown", cause: Error) =>
  new TaskDriverError({
    reason: `a large payload cannot be ${what}; see the cause`,
    retryable: false,
    applied,
    cause
  })
