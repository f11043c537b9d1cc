/**
 * Which keys seal payloads.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { isKeyId, maxKeyIdLength } from "../../domain/json/SealedText.ts"
import { parseMillis } from "../../domain/options/ArgumentParsers.ts"
import { optionNames, parseNames } from "../../domain/options/optionNames.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"

/**
 * A key: 32 random bytes, as they are or in base64. `openssl rand -base64 32` makes one.
 *
 * @since 0.2.0
 * @category options
 */
export type EncryptionKey = Uint8Array | string | Redacted.Redacted<Uint8Array | string>

/**
 * Gives the key of an id, from a KMS for example. `undefined` means that there is no such key, any more or yet.
 *
 * @since 0.2.0
 * @category options
 */
export type FindKey = (
  keyId: string
) =>
  | EncryptionKey
  | undefined
  | Promise<EncryptionKey | undefined>
  | Effect.Effect<EncryptionKey | undefined, Error>

/**
 * Seals the payloads of tasks before they are stored: params, outcome, meta, status message, failure, questions, answers, request
 * state, steps, principal and messages. Ids, session, status, times, method and name stay readable.
 *
 * @since 0.2.0
 * @category options
 */
export interface Encryption {
  /**
   * The id of the key that seals what is written from now on, or a function that gives it for a session, `null` being none. For
   * `null` payloads are stored as they are, and sealed ones are still opened.
   */
  readonly current: string | null | ((sessionId: string | null) => string | null)
  /** The keys by their ids, or a function that gives them. Old ones open what they have sealed. */
  readonly keys: { readonly [keyId: string]: EncryptionKey } | FindKey
  /** How long a key that a function gave is kept in memory: 5 minutes by default. */
  readonly cacheFor?: Duration.Input | undefined
  /** How long a function of keys may take: 10 seconds by default. Then what needs the key fails, and the function is asked anew. */
  readonly keyTimeout?: Duration.Input | undefined
  /**
   * What to do about payloads that are not sealed, because they were written before encryption was turned on: `read` them, which
   * is the default, or `refuse` them, once all are sealed.
   */
  readonly unsealed?: "read" | "refuse" | undefined
}

const names = optionNames<Encryption>({ cacheFor: true, current: true, keyTimeout: true, keys: true, unsealed: true })

/**
 * Encryption that was parsed.
 *
 * @since 0.2.0
 * @category models
 */
export interface ParsedEncryption {
  /** Gives the id of the key for a session; the same for all unless `isPerSession`. */
  readonly current: (sessionId: string | null) => unknown
  readonly isPerSession: boolean
  /** What limits count for the id of a key; `undefined` where nothing is sealed. */
  readonly keyIdLength: number | undefined
  readonly keys: ReadonlyMap<string, Uint8Array> | FindKey
  readonly cacheFor: number
  readonly keyTimeout: number
  readonly refusesUnsealed: boolean
}

/**
 * Parses encryption. No error shows a key.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseEncryption = (encryption: Encryption): Result.Result<ParsedEncryption, InvalidInput> =>
  Result.gen(function*() {
    if (typeof encryption !== "object" || encryption === null) {
      return yield* refuse("", "must be an object with current and keys")
    }
    yield* parseNames(encryption, names, "encryption.")
    const { cacheFor, current, keyTimeout, keys, unsealed } = encryption
    const found = typeof keys === "function" ? keys : yield* parseKeys(keys)
    const keyId = typeof current === "function" ? undefined : yield* parseCurrent(current, found)
    if (unsealed !== undefined && unsealed !== "read" && unsealed !== "refuse") {
      return yield* refuse(".unsealed", "must be \"read\" or \"refuse\"")
    }
    return {
      current: typeof current === "function" ? current : () => current,
      isPerSession: typeof current === "function",
      keyIdLength: keyId === undefined ? maxKeyIdLength : keyId?.length,
      keys: found,
      cacheFor: yield* parseMillis("encryption.cacheFor", cacheFor ?? Duration.minutes(5), 0),
      keyTimeout: yield* parseMillis("encryption.keyTimeout", keyTimeout ?? Duration.seconds(10), 1),
      refusesUnsealed: unsealed === "refuse"
    }
  })

const parseCurrent = (
  current: unknown,
  keys: ParsedEncryption["keys"]
): Result.Result<string | null, InvalidInput> => {
  if (current === null) return Result.succeed(null)
  if (!isKeyId(current)) return refuse(".current", `must be the id of a key: ${keyIdForm}`)
  return typeof keys === "function" || keys.has(current)
    ? Result.succeed(current)
    // It is not shown, because it may be a key in the place of its id.
    : refuse(".current", "names a key that is not among encryption.keys")
}

const parseKeys = (keys: unknown): Result.Result<ReadonlyMap<string, Uint8Array>, InvalidInput> => {
  if (typeof keys !== "object" || keys === null || Array.isArray(keys)) {
    return refuse(".keys", "must be an object of keys by their ids, or a function that gives the key of an id")
  }
  const found = new Map<string, Uint8Array>()
  for (const [keyId, key] of Object.entries(keys)) {
    if (!isKeyId(keyId)) return refuse(".keys", `has an id that is none: ${keyIdForm}`)
    const bytes = keyFrom(key)
    if (bytes === undefined) {
      // The two may have been written the wrong way round.
      return keyFrom(keyId) === undefined
        ? refuse(`.keys.${keyId}`, "must be 32 bytes, as they are or in base64")
        : refuse(".keys", "has an id that could be a key: give keys by their ids, each of 32 bytes")
    }
    found.set(keyId, bytes)
  }
  return Result.succeed(found)
}

/**
 * What the id of a key is made of.
 *
 * @since 0.2.0
 * @category constants
 */
export const keyIdForm = `1 to ${maxKeyIdLength} letters, digits and . _ : / @ + = ~ -, and no .. between slashes`

/**
 * Gives the bytes of a key; `undefined` for what is none.
 *
 * @since 0.2.0
 * @category parsers
 */
export const keyFrom = (given: unknown): Uint8Array | undefined => {
  const key: unknown = Redacted.isRedacted(given) ? Redacted.value(given) : given
  if (typeof key === "string") return /^[A-Za-z0-9+/_-]{43}=?$/.test(key) ? Buffer.from(key, "base64") : undefined
  return key instanceof Uint8Array && key.length === 32 ? Uint8Array.from(key) : undefined
}

const refuse = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field: `encryption${field}`, reason }))
