/**
 * A key, and what is done with it: XAES-256-GCM, which is AES-256-GCM with nonces of 192 bits.
 *
 * Random nonces of 96 bits, as those of GCM itself are, may meet after some 2^32 messages under a key. So each message has a key
 * of its own, derived from the first half of its nonce by two blocks of AES, as C2SP specifies
 * (https://c2sp.org/XAES-256-GCM). It takes no cache and no table. A key is good for 2^80 messages.
 *
 * It is synchronous: WebCrypto, which is not, takes several times as long for payloads of a few kilobytes.
 *
 * @since 0.2.0
 */
import { type Cipheriv, createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto"

/**
 * @since 0.2.0
 * @category constants
 */
export const nonceBytes = 24

/**
 * @since 0.2.0
 * @category constants
 */
export const tagBytes = 16

const halfNonce = 12
const blockBytes = 16

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
  encrypt(nonce: Uint8Array, plaintext: string, bound: Uint8Array): Buffer {
    const cipher = createCipheriv("aes-256-gcm", this.#derive(nonce), nonce.subarray(halfNonce))
    cipher.setAAD(bound)
    return Buffer.concat([nonce, cipher.update(plaintext, "latin1"), cipher.final(), cipher.getAuthTag()])
  }

  /**
   * Gives the plaintext; `undefined` if key, nonce, text or what it is bound to is not what it was encrypted with.
   */
  decrypt(nonce: Uint8Array, ciphertext: Uint8Array, bound: Uint8Array): Buffer | undefined {
    const end = ciphertext.length - tagBytes
    if (end < 0) return undefined
    const decipher = createDecipheriv("aes-256-gcm", this.#derive(nonce), nonce.subarray(halfNonce), {
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

  /** Node 24 takes several times as long for a key that is no key object. */
  #derive(nonce: Uint8Array): KeyObject {
    const blocks = Buffer.concat([this.#first, this.#second])
    for (let index = 0; index < halfNonce; index++) {
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
