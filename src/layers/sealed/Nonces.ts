/**
 * Nonces of 192 bits, of which no two are the same.
 *
 * @since 0.2.0
 */
import { randomFillSync } from "node:crypto"

/**
 * @since 0.2.0
 * @category constants
 */
export const nonceBytes = 24

/**
 * How many bytes at the beginning of a nonce decide on the key that is derived for it.
 *
 * @since 0.2.0
 * @category constants
 */
export const derivingBytes = 12

/** How many messages have the first half of a nonce, and so a derived key, in common. */
const run = 2 ** 12

/** For how many messages random bits are taken at once: to take them takes as long as to encrypt two kilobytes. */
const batch = 64

/**
 * Gives nonces of random bits. The second half is fresh for each message, the first half for each run of them. So a run has one
 * derived key: to derive one for each message, and to collect it as garbage, would take as long as the rest of sealing.
 *
 * Within a run, two nonces are the same with a probability of 2^-73, so that a key is good for 2^50 messages. Nothing is counted,
 * since processes that begin alike would count alike.
 *
 * @since 0.2.0
 * @category models
 */
export class Nonces {
  readonly #fill: (bytes: Buffer) => unknown
  readonly #first = Buffer.alloc(derivingBytes)
  readonly #seconds = Buffer.alloc(batch * (nonceBytes - derivingBytes))
  #left = 0
  #used = this.#seconds.length

  /** `fill` fills with random bytes. */
  constructor(fill: (bytes: Buffer) => unknown = randomFillSync) {
    this.#fill = fill
  }

  /** Gives a nonce that no other message has. */
  next(): Buffer {
    if (this.#left === 0) {
      this.#fill(this.#first)
      this.#left = run
    }
    this.#left--
    if (this.#used === this.#seconds.length) {
      this.#fill(this.#seconds)
      this.#used = 0
    }
    const nonce = Buffer.allocUnsafe(nonceBytes)
    nonce.set(this.#first)
    this.#used += this.#seconds.copy(nonce, derivingBytes, this.#used)
    // Two processes that are restored from one snapshot of memory have the same bits, and so has their OpenSSL. They do not come by
    // here in the same nanosecond. Random bits stay random, whatever they are mixed with.
    nonce.writeUInt32LE((nonce.readUInt32LE(derivingBytes) ^ nanoseconds()) >>> 0, derivingBytes)
    return nonce
  }
}

/** The last bits of a clock. */
const nanoseconds = (): number => Math.floor(performance.now() * 1e6) % 2 ** 32
