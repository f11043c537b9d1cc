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

/** Where the count of the messages stands that have the rest of a nonce in common. */
const countAt = 20

/** How many messages have the rest of a nonce in common. */
const run = 2 ** 16

/**
 * Gives nonces that are random but for their last four bytes, which count. So a run of messages has one derived key: to derive one for
 * each, and to collect it as garbage, would take as long as the rest of sealing. A run begins with 160 fresh random bits. Two
 * runs of the same bits are as unlikely for 2^80 messages as two nonces of 192 random bits would be.
 *
 * @since 0.2.0
 * @category models
 */
export class Nonces {
  readonly #next = Buffer.alloc(nonceBytes)
  #count = 0

  /** Gives a nonce that no other message has. */
  next(): Buffer {
    const count = this.#count++ % run
    if (count === 0) randomFillSync(this.#next, 0, countAt)
    this.#next.writeUInt32BE(count, countAt)
    return Buffer.from(this.#next)
  }
}
