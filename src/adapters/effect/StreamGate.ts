/**
 * Streams that are written no faster than their clients read.
 *
 * Effect takes the messages of a stream into queues, some dozens of them. A gate lets one go at a time: the next is made when
 * the one before is on its way out.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"

/**
 * The gate of one stream.
 *
 * @since 0.2.0
 * @category models
 */
export class StreamGate {
  readonly #taken = Latch.makeUnsafe(false)

  /** Sends a message, and waits until it is on its way. */
  through(send: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.andThen(Effect.sync(() => this.#taken.closeUnsafe()), Effect.andThen(send, this.#taken.await))
  }

  /** Lets the next go with each message that the stream gives to its writer. */
  watch<E, R>(body: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Uint8Array, E, R> {
    return Stream.tap(body, ([first]) => Effect.sync(() => void (first !== colon && this.#taken.openUnsafe())))
  }
}

/** What comments begin with. */
const colon = ":".charCodeAt(0)

/**
 * The gate of the stream that the present request is answered on; none on other transports.
 *
 * @since 0.2.0
 * @category references
 */
export const CurrentGate: Context.Reference<StreamGate | undefined> = Context.Reference<StreamGate | undefined>(
  "mcp-task-storage/mcp/StreamGate",
  { defaultValue: () => undefined }
)
