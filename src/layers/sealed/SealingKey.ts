/**
 * A key, and what is done with it: XAES-256-GCM, which is AES-256-GCM with nonces of 192 bits.
 *
 * Random nonces of 96 bits, as those of GCM itself are, may meet after some 2^32 messages under a key. So messages are encrypted with a
 * key that is derived from the first half of their nonce by two blocks of AES, as C2SP specifies
 * (https://c2sp.org/XAES-256-GCM).
 *
 * It is synchronous: WebCrypto, which is not, takes several times as long for payloads of a few kilobytes.
 *
 * @since 0.2.0
 */
import { type Cipheriv, createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto"
import { derivingBytes, nonceBytes, Nonces } from "./Nonces.ts"

/**
 * @since 0.2.0
 * @category constants
 */
export const tagBytes = 16

const blockBytes = 16

/** Of how many halves of nonces the derived keys are kept: a page of tasks was sealed by a few processes. */
const maxDerived = 16

/**
 * A key of 32 bytes. Nothing that is printed or serialised shows it.
 *
 * @since 0.2.0
 * @category models
 */
export class SealingKey {
  /** It has no state between blocks, so that one serves for all. */
  readonly #blockCipher: Cipheriv
  /** What each derivation begins with, the blocks of its counter included. */
  readonly #first: Buffer
  readonly #second: Buffer
  readonly #derived = new Map<string, KeyObject>()
  readonly #nonces = new Nonces()

  constructor(bytes: Uint8Array) {
    this.#blockCipher = createCipheriv("aes-256-ecb", bytes, null)
    this.#blockCipher.setAutoPadding(false)
    const subkey = doubled(this.#blockCipher.update(Buffer.alloc(blockBytes)))
    this.#first = mixed(subkey, 1)
    this.#second = mixed(subkey, 2)
  }

  /**
   * Gives the nonce, the ciphertext and its tag, one behind the other. The plaintext is ASCII.
   */
  encrypt(plaintext: string, bound: Uint8Array, nonce: Buffer = this.#nonces.next()): Buffer {
    const cipher = createCipheriv("aes-256-gcm", this.#keyOf(nonce), nonce.subarray(derivingBytes))
    cipher.setAAD(bound)
    const end = nonceBytes + plaintext.length
    const sealed = Buffer.allocUnsafe(end + tagBytes)
    sealed.set(nonce)
    sealed.set(cipher.update(plaintext, "latin1"), nonceBytes)
    // GCM keeps nothing back for the end.
    cipher.final()
    sealed.set(cipher.getAuthTag(), end)
    return sealed
  }

  /**
   * Gives the plaintext; `undefined` if key, nonce, text or what it is bound to is not what it was encrypted with.
   */
  decrypt(nonce: Buffer, ciphertext: Uint8Array, bound: Uint8Array): Buffer | undefined {
    const end = ciphertext.length - tagBytes
    if (end < 0) return undefined
    const decipher = createDecipheriv("aes-256-gcm", this.#keyOf(nonce), nonce.subarray(derivingBytes), {
      authTagLength: tagBytes
    })
    decipher.setAAD(bound)
    decipher.setAuthTag(ciphertext.subarray(end))
    const plaintext = decipher.update(ciphertext.subarray(0, end))
    try {
      decipher.final()
      return plaintext
    } catch {
      return undefined
    }
  }

  #keyOf(nonce: Buffer): KeyObject {
    const half = nonce.toString("latin1", 0, derivingBytes)
    const known = this.#derived.get(half)
    if (known !== undefined) return known
    const derived = this.#derive(nonce)
    this.#derived.set(half, derived)
    if (this.#derived.size > maxDerived) {
      for (const oldest of this.#derived.keys()) {
        this.#derived.delete(oldest)
        break
      }
    }
    return derived
  }

  /** Node 24 takes several times as long for a key that is no key object. */
  #derive(nonce: Uint8Array): KeyObject {
    const blocks = Buffer.concat([this.#first, this.#second])
    for (let index = 0; index < derivingBytes; index++) {
      const byte = nonce[index] ?? 0
      blocks[index + 4] = (blocks[index + 4] ?? 0) ^ byte
      blocks[index + blockBytes + 4] = (blocks[index + blockBytes + 4] ?? 0) ^ byte
    }
    return createSecretKey(this.#blockCipher.update(blocks))
  }
}

/** Doubles a block in the field of CMAC. */
const doubled = (block: Buffer): Buffer => {
  const result = Buffer.alloc(blockBytes)
  for (let index = 0; index < blockBytes; index++) {
    result[index] = ((block[index] ?? 0) << 1) | ((block[index + 1] ?? 0) >> 7)
  }
  if (((block[0] ?? 0) & 0x80) !== 0) result[blockBytes - 1] = (result[blockBytes - 1] ?? 0) ^ 0x87
  return result
}

/** The subkey with the head of the block of a counter: the half nonce comes behind it. */
const mixed = (subkey: Buffer, counter: number): Buffer => {
  const block = Buffer.from(subkey)
  const head = [0, counter, 0x58, 0]
  for (const [index, byte] of head.entries()) block[index] = (block[index] ?? 0) ^ byte
  return block
}
