/**
 * Rows as they are stored, and as the rules see them.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { TaskDriverError } from "../../domain/driver/TaskDriverError.ts"
import { thenAtOnce } from "../../domain/effects/thenAtOnce.ts"
import { isKeyId, isSealed, keyIdOf } from "../../domain/json/SealedText.ts"
import { StoredJson } from "../../domain/json/StoredJson.ts"
import { asText, type SealedField, sealedFields, type Sizing, type StoredTask } from "../../domain/task/StoredTask.ts"
import type { InvalidInput } from "../../domain/task/TaskError.ts"
import { type Encryption, keyIdForm, type ParsedEncryption, parseEncryption } from "./Encryption.ts"
import { failed, KeyFault, type KeyRing, type Keys, makeKeyRing } from "./KeyRing.ts"
import { RecentPayloads } from "./RecentPayloads.ts"
import { aesSealer, type Place, sealedBytes, type Sealer } from "./Sealer.ts"
import type { SealingKey } from "./SealingKey.ts"

/**
 * The fields of a row, a summary or a patch that are sealed.
 *
 * @since 0.2.0
 * @category models
 */
export type Payloads = { readonly [Field in SealedField]?: StoredJson | null }

/** Those of a copy, which are replaced in place: its shape stays that of the row. */
type WritablePayloads = { -readonly [Field in SealedField]?: StoredJson | null }

/** The key that seals, and its id. */
interface Current {
  readonly key: SealingKey
  readonly keyId: string
}

/**
 * Makes what seals and opens the payloads of a storage. Fails with `InvalidInput` for encryption that it cannot use, and if the key
 * that is to seal cannot be had.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeSealing = Effect.fnUntraced(function*(
  encryption: Encryption,
  sealer: Sealer = aesSealer
): Effect.fn.Return<Sealing, InvalidInput | TaskDriverError> {
  const parsed = yield* Effect.fromResult(parseEncryption(encryption))
  const sealing = new Sealing(parsed, yield* makeKeyRing(parsed), sealer)
  // A wrong key shows as the storage is opened, and not with the first task.
  if (!parsed.isPerSession) yield* Effect.mapError(sealing.current(null), failed("no"))
  return sealing
})

/**
 * Seals payloads with the keys of a ring, and opens them.
 *
 * @since 0.2.0
 * @category models
 */
export class Sealing {
  /** Whether the keys differ by session. */
  readonly isPerSession: boolean
  /** Gives how many bytes are stored for the text of a payload. */
  readonly payloadBytes: Sizing
  readonly #encryption: ParsedEncryption
  readonly #ring: KeyRing
  readonly #sealer: Sealer
  readonly #recent = new RecentPayloads()

  constructor(encryption: ParsedEncryption, ring: KeyRing, sealer: Sealer) {
    const { isPerSession, keyIdLength } = encryption
    this.isPerSession = isPerSession
    this.payloadBytes = keyIdLength === undefined ? asText : (bytes) => sealedBytes(keyIdLength, bytes)
    this.#encryption = encryption
    this.#ring = ring
    this.#sealer = sealer
  }

  /** Gives the id of the key that seals for a session; `null` where nothing is sealed. */
  keyIdFor(sessionId: string | null): Result.Result<string | null, KeyFault> {
    try {
      const keyId = this.#encryption.current(sessionId)
      if (keyId === null || isKeyId(keyId)) return Result.succeed(keyId)
    } catch {
      // What it threw may tell of the session.
    }
    return Result.fail(
      new KeyFault({
        reason: `encryption.current gave no id of a key for the session of the task; it must be ${keyIdForm}`,
        retryable: false
      })
    )
  }

  /** Gives the key that seals for a session; `undefined` where nothing is sealed. It is there at once where all keys are at hand. */
  current(sessionId: string | null): Effect.Effect<Current | undefined, KeyFault> {
    const keyId = this.keyIdFor(sessionId)
    if (Result.isFailure(keyId)) return Effect.fail(keyId.failure)
    const id = keyId.success
    return id === null
      ? Effect.succeed(undefined)
      : thenAtOnce(this.#ring.get(id), (key) => Effect.succeed({ key, keyId: id }))
  }

  /** Seals the payloads of a new row, or of a patch: at once where all keys are at hand, and else once the effect is run. */
  seal<Row extends Payloads>(taskId: string, sessionId: string | null, row: Row): Effect.Effect<Row, KeyFault> {
    if (!hasPayloads(row)) return Effect.succeed(row)
    return thenAtOnce(this.current(sessionId), (current) => {
      const sealed = { ...row }
      const payloads: WritablePayloads = sealed
      for (const field of sealedFields) {
        const json = row[field]
        if (json !== undefined && json !== null) payloads[field] = this.#sealed(current, json, { taskId, field })
      }
      return Effect.succeed(sealed)
    })
  }

  /** Seals a text that is no field of a task. */
  sealOne(sessionId: string | null, json: StoredJson, place: Place): Effect.Effect<StoredJson, KeyFault> {
    return Effect.map(this.current(sessionId), (current) => this.#sealed(current, json, place))
  }

  #sealed(current: Current | undefined, json: StoredJson, place: Place): StoredJson {
    if (current !== undefined) {
      const sealed = this.#sealer.seal(current.key, current.keyId, json.text, place)
      // Of its text, not of its value: strings of others may be parts of much larger ones.
      this.#recent.set(current.key, sealed, place, StoredJson.opened(json.text, sealed.length))
      return StoredJson.fromText(sealed)
    }
    // What was opened has the size that it had sealed.
    return json.storedBytes === undefined ? json : StoredJson.fromText(json.text)
  }

  /** All keys, where nobody has to be asked for one. */
  get keysAtHand(): Keys | undefined {
    return this.#ring.atHand
  }

  /** Gets the keys of rows. Fails only if whoever gives the keys does not answer. */
  keysOf(rows: ReadonlyArray<Payloads>): Effect.Effect<Keys, KeyFault> {
    const { atHand } = this.#ring
    return atHand !== undefined
      ? Effect.succeed(atHand)
      : this.keysOfTexts(rows.flatMap((row) => sealedFields.map((field) => row[field])))
  }

  /** Gets the keys of texts. Fails only if whoever gives the keys does not answer. */
  keysOfTexts(texts: ReadonlyArray<StoredJson | null | undefined>): Effect.Effect<Keys, KeyFault> {
    const ids = new Set<string>()
    for (const json of texts) {
      const keyId = json === null || json === undefined ? undefined : keyIdOf(json.text)
      if (keyId !== undefined) ids.add(keyId)
    }
    return this.keysById(ids)
  }

  /** Gets keys by their ids. Fails only if whoever gives the keys does not answer. */
  keysById(ids: Iterable<string>): Effect.Effect<Keys, KeyFault> {
    const { atHand } = this.#ring
    if (atHand !== undefined) return Effect.succeed(atHand)
    return Effect.map(
      Effect.forEach(
        ids,
        (keyId) =>
          Effect.flatMap(
            Effect.result(isKeyId(keyId) ? this.#ring.get(keyId) : Effect.fail(changed)),
            (key) =>
              Result.isFailure(key) && key.failure.retryable
                ? Effect.fail(key.failure)
                : Effect.succeed([keyId, key] as const)
          ),
        { concurrency: keysAtOnce }
      ),
      (found) => new Map(found)
    )
  }

  /** Opens the payloads of a row with the keys that it needs. Nothing is asked for, and nobody waits, where all keys are at hand. */
  openRow<Row extends Payloads & Pick<StoredTask, "taskId">>(row: Row, known?: Known): Effect.Effect<Row, KeyFault> {
    const { atHand } = this.#ring
    return atHand !== undefined
      ? Effect.fromResult(this.open(row.taskId, row, atHand, known))
      : Effect.flatMap(this.keysOf([row]), (keys) => Effect.fromResult(this.open(row.taskId, row, keys, known)))
  }

  /** Opens the payloads of a row, or says why one cannot be opened. `known` are those that its reader has. */
  open<Row extends Payloads>(taskId: string, row: Row, keys: Keys, known: Known = none): Result.Result<Row, KeyFault> {
    const opened = { ...row }
    const payloads: WritablePayloads = opened
    for (const field of sealedFields) {
      const json = row[field]
      if (json === undefined || json === null) continue
      const text = known(field, json)
      const result = text === undefined ? this.openOne(json, { taskId, field }, keys) : Result.succeed(text)
      if (Result.isFailure(result)) return Result.fail(result.failure)
      payloads[field] = result.success
    }
    return Result.succeed(opened)
  }

  /** Opens a text. */
  openOne(json: StoredJson, place: Place, keys: Keys): Result.Result<StoredJson, KeyFault> {
    const { text } = json
    if (!isSealed(text)) {
      return this.#encryption.refusesUnsealed
        ? Result.fail(notSealed)
        : Result.succeed(StoredJson.opened(text, text.length))
    }
    const keyId = keyIdOf(text)
    const key = keyId === undefined ? undefined : keys.get(keyId)
    if (keyId === undefined || key === undefined) return Result.fail(changed)
    if (Result.isFailure(key)) return Result.fail(key.failure)
    const recent = this.#recent.get(key.success, text, place)
    if (recent !== undefined) return Result.succeed(recent)
    const plaintext = this.#sealer.open(key.success, text, place)
    if (plaintext === undefined) return Result.fail(unopenable(keyId))
    const opened = StoredJson.opened(plaintext, text.length)
    this.#recent.set(key.success, text, place, opened)
    return Result.succeed(opened)
  }
}

const hasPayloads = (row: Payloads): boolean => {
  for (const field of sealedFields) if (row[field] !== undefined && row[field] !== null) return true
  return false
}

/** How many keys a page may ask for at a time. With keys for each session each of its tasks may need another one. */
const keysAtOnce = 16

/**
 * Gives the payload of a field, if it is known which one was stored there.
 *
 * @since 0.2.0
 * @category models
 */
export type Known = (field: SealedField, stored: StoredJson) => StoredJson | undefined

const none: Known = () => undefined

const unopenable = (keyId: string): KeyFault =>
  new KeyFault({
    reason:
      `a payload cannot be opened with the key "${keyId}": it was sealed with another key of this id, or was changed, or ` +
      "moved from another task; check the key, or restore the task from a backup",
    retryable: false
  })

const changed = new KeyFault({
  reason: "a payload is sealed, and its text was changed; restore the task from a backup, or delete it",
  retryable: false
})

const notSealed = new KeyFault({
  reason: "a payload is not sealed, and encryption.unsealed is \"refuse\"; allow \"read\", and run reencrypt",
  retryable: false
})
