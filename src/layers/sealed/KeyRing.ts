/**
 * The keys of a storage by their ids.
 *
 * @since 0.2.0
 */
import * as Cache from "effect/Cache"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import { TaskDriverError } from "../../domain/driver/TaskDriverError.ts"
import { isKeyId } from "../../domain/json/SealedText.ts"
import { giveUpAfter } from "../giveUpAfter.ts"
import { type FindKey, keyFrom, type ParsedEncryption } from "./Encryption.ts"
import { SealingKey } from "./SealingKey.ts"

/**
 * There is no key, or none that fits. `reason` names it by its id, and ends without a full stop.
 *
 * @since 0.2.0
 * @category errors
 */
export class KeyFault extends Data.TaggedError("KeyFault")<{
  readonly reason: string
  /** Whether the key may be had later: who gives the keys did not answer. */
  readonly retryable: boolean
}> {}

/**
 * Gives the failure of a primitive that needs a key.
 *
 * @since 0.2.0
 * @category converting
 */
export const failed = (applied: TaskDriverError["applied"]) => ({ reason, retryable }: KeyFault): TaskDriverError =>
  new TaskDriverError({ reason, retryable, applied })

/**
 * Keys by their ids, or why they are not to be had. There is nothing for what is not the id of a key.
 *
 * @since 0.2.0
 * @category models
 */
export interface Keys {
  readonly get: (keyId: string) => Result.Result<SealingKey, KeyFault> | undefined
}

/**
 * Gives keys by their ids.
 *
 * @since 0.2.0
 * @category models
 */
export interface KeyRing {
  readonly get: (keyId: string) => Effect.Effect<SealingKey, KeyFault>
  /** All keys, where nobody has to be asked for one. */
  readonly atHand: Keys | undefined
}

/** So many keys are kept in memory, and that there is none so long. */
const capacity = 10_000
const missingFor = Duration.seconds(10)

/**
 * Makes a ring of keys. What a function gives is kept for a while, and is asked for once however many wait for it.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeKeyRing = (
  { cacheFor, keys, keyTimeout }: Pick<ParsedEncryption, "cacheFor" | "keys" | "keyTimeout">
): Effect.Effect<KeyRing> =>
  typeof keys === "function" ? findingRing(keys, cacheFor, keyTimeout) : Effect.succeed(fixedRing(keys))

const fixedRing = (keys: ReadonlyMap<string, Uint8Array>): KeyRing => {
  const ring = new Map(Array.from(keys, ([keyId, bytes]) => [keyId, Result.succeed(new SealingKey(bytes))]))
  return {
    atHand: { get: (keyId) => ring.get(keyId) ?? (isKeyId(keyId) ? Result.fail(missing(keyId)) : undefined) },
    get: (keyId) => Effect.fromResult(ring.get(keyId) ?? Result.fail(missing(keyId)))
  }
}

const findingRing = (find: FindKey, cacheFor: number, keyTimeout: number): Effect.Effect<KeyRing> =>
  Effect.map(
    Cache.makeWith((keyId: string) => lookUp(find, keyId, keyTimeout), {
      capacity,
      timeToLive: Exit.match({
        onFailure: () => Duration.zero,
        onSuccess: (key) => key === undefined ? missingFor : Duration.millis(cacheFor)
      })
    }),
    (cache): KeyRing => ({
      atHand: undefined,
      get: (keyId) =>
        Effect.flatMap(
          Cache.get(cache, keyId),
          (key) => key === undefined ? Effect.fail(missing(keyId)) : Effect.succeed(key)
        )
    })
  )

const lookUp = (find: FindKey, keyId: string, keyTimeout: number): Effect.Effect<SealingKey | undefined, KeyFault> => {
  const failed = (error: unknown) => unanswered(keyId, error)
  const asked = Effect.suspend(() => {
    const given = find(keyId)
    return Effect.isEffect(given)
      ? Effect.mapError(given, failed)
      : Effect.tryPromise({ try: async () => given, catch: failed })
  })
  // All wait for one answer. Without a bound, one that is lost would hold up whatever needs the key until the process ends.
  return giveUpAfter(asked, keyTimeout, () => late(keyId, keyTimeout)).pipe(
    Effect.catchDefect((defect) => Effect.fail(failed(defect))),
    Effect.flatMap((given) => {
      if (given === undefined) return Effect.succeed(undefined)
      const bytes = keyFrom(given)
      return bytes === undefined ? Effect.fail(noKey(keyId)) : Effect.succeed(new SealingKey(bytes))
    })
  )
}

const missing = (keyId: string): KeyFault =>
  new KeyFault({
    reason: `there is no key "${keyId}"; add it to encryption.keys, or delete the tasks that it has sealed`,
    retryable: false
  })

const noKey = (keyId: string): KeyFault =>
  new KeyFault({
    reason: `what encryption.keys gave as the key "${keyId}" is none: it must be 32 bytes, as they are or in base64`,
    retryable: false
  })

/** The message of the error may quote a key, and so only its name is shown. */
const unanswered = (keyId: string, error: unknown): KeyFault =>
  new KeyFault({
    reason: `encryption.keys failed to give the key "${keyId}" (${nameOf(error)}); see what it asks, and try again`,
    retryable: true
  })

const late = (keyId: string, keyTimeout: number): KeyFault =>
  new KeyFault({
    reason:
      `encryption.keys did not give the key "${keyId}" within ${keyTimeout} ms; see what it asks, and try again, or set ` +
      "a longer encryption.keyTimeout",
    retryable: true
  })

const nameOf = (error: unknown): string => error instanceof Error ? error.name : "what it threw is no Error"
