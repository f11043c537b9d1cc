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

/**
 * Gives nonces of random bits. The second half is fresh for each message, the first half for each run of them. So a run has one
 * derived key: to derive one for each message, and to collect it as garbage, would take as long as the rest of sealing.
 *
 * Within a run, two nonces are the same with a probability of 2^-73, so that a key is good for 2^50 messages. Nothing is counted,
 * since a process that is restored twice from one snapshot would count alike.
 *
 * @since 0.2.0
 * @category models
 */
export class Nonces {
  readonly #nonce = Buffer.alloc(nonceBytes)
  #left = 0

  /** Gives a nonce that no other message has. */
  next(): Buffer {
    if (this.#left === 0) {
      randomFillSync(this.#nonce, 0, derivingBytes)
      this.#left = run
    }
    this.#left--
    randomFillSync(this.#nonce, derivingBytes)
    return Buffer.from(this.#nonce)
  }
}
