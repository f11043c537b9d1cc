/**
 * Message queues whose messages are sealed.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { MessageDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { StoredJson } from "../../domain/json/StoredJson.ts"
import type { EveryMember } from "./driverOf.ts"
import { failed, type KeyFault } from "./KeyRing.ts"
import type { Sealing } from "./Sealing.ts"

/** How long a message that could not be opened is kept, in milliseconds. */
const keptFor = 3_600_000

/**
 * Seals messages with the key of the session of their task. A message is taken only if that key is to be had. If it was sealed
 * with another one that is not, it goes back to the end of its queue.
 *
 * @since 0.2.0
 * @category combinators
 */
export const sealMessages = (
  messages: MessageDriver,
  sealing: Sealing,
  sessionOf: (queue: string, now: number) => Effect.Effect<string | null, TaskDriverError>
): MessageDriver => {
  const placeOf = (queue: string) => ({ taskId: queue, field: "message" })

  /** Takes messages, opens them, and puts back what cannot be opened. */
  const taking = (
    queue: string,
    now: number,
    take: Effect.Effect<ReadonlyArray<StoredJson>, TaskDriverError>
  ): Effect.Effect<ReadonlyArray<StoredJson>, TaskDriverError> =>
    Effect.gen(function*() {
      const session = yield* sessionOf(queue, now)
      yield* Effect.mapError(sealing.current(session), failed("no"))
      const bodies = yield* take
      const keys = yield* Effect.result(sealing.keysOfTexts(bodies))
      const opened: Array<StoredJson> = []
      let fault: KeyFault | undefined
      for (const body of bodies) {
        const result = Result.flatMap(keys, (keys) => sealing.openOne(body, placeOf(queue), keys))
        if (Result.isSuccess(result)) opened.push(result.success)
        else {
          fault ??= result.failure
          yield* messages.push({ queue, body, expiresAt: now + keptFor, maxSize: undefined, now })
        }
      }
      return fault === undefined || opened.length > 0 ? opened : yield* failed("no")(fault)
    })

  return {
    push: (message) =>
      Effect.flatMap(sessionOf(message.queue, message.now), (session) =>
        Effect.flatMap(
          Effect.mapError(sealing.sealOne(session, message.body, placeOf(message.queue)), failed("no")),
          (body) => messages.push({ ...message, body })
        )),

    shift: (queue, now) =>
      Effect.map(
        taking(queue, now, Effect.map(messages.shift(queue, now), (body) => body === undefined ? [] : [body])),
        ([body]) => body
      ),

    drain: (queue, now) => taking(queue, now, messages.drain(queue, now)),

    removeExpired: (now, limit) => messages.removeExpired(now, limit)
  } satisfies EveryMember<MessageDriver>
}
