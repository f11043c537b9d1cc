/**
 * A payload as sealed text, and back.
 *
 * The text is `sealed1|KEY ID|` and, in base64url, a fresh nonce, the ciphertext and its tag. What it is bound to is authenticated
 * with it: the version, the key id, the task and the field. So no text opens in the row of another task, in another field or under
 * the id of another key.
 *
 * @since 0.2.0
 */
import { joinSealed, splitSealed } from "../../domain/json/SealedText.ts"
import { nonceBytes } from "./Nonces.ts"
import { type SealingKey, tagBytes } from "./SealingKey.ts"

/**
 * Where a payload is: what its sealed text is bound to.
 *
 * @since 0.2.0
 * @category models
 */
export interface Place {
  /** The task, or for a message the queue, which has the name of its task. */
  readonly taskId: string
  readonly field: string
}

/**
 * Seals texts and opens them.
 *
 * @since 0.2.0
 * @category models
 */
export interface Sealer {
  readonly seal: (key: SealingKey, keyId: string, text: string, place: Place) => string
  /** Gives `undefined` for what this key did not seal for this place. */
  readonly open: (key: SealingKey, sealed: string, place: Place) => string | undefined
}

const version = "1"

/**
 * Gives how many bytes the sealed text of a payload takes.
 *
 * @since 0.2.0
 * @category accessors
 */
export const sealedBytes = (keyIdLength: number, bytes: number): number =>
  emptyBytes + keyIdLength + Math.ceil((nonceBytes + bytes + tagBytes) * 4 / 3)

const emptyBytes = joinSealed({ version, keyId: "", body: "" }).length

/**
 * Seals with XAES-256-GCM.
 *
 * @since 0.2.0
 * @category sealers
 */
export const aesSealer: Sealer = {
  seal: (key, keyId, text, place) =>
    joinSealed({ version, keyId, body: key.encrypt(text, boundTo(keyId, place)).toString("base64url") }),

  open: (key, sealed, place) => {
    const parts = splitSealed(sealed)
    if (parts?.version !== version) return undefined
    const bytes = Buffer.from(parts.body, "base64url")
    if (bytes.length < nonceBytes) return undefined
    const nonce = bytes.subarray(0, nonceBytes)
    return key.decrypt(nonce, bytes.subarray(nonceBytes), boundTo(parts.keyId, place))?.toString("latin1")
  }
}

/** Each part is quoted, so that no two places have one text. */
const boundTo = (keyId: string, { field, taskId }: Place): Buffer =>
  Buffer.from(JSON.stringify([version, keyId, taskId, field]))
