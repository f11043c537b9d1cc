/**
 * The end of a turn of the event loop.
 *
 * @since 0.2.0
 */

/**
 * Waits for the end of a turn.
 *
 * @since 0.2.0
 * @category models
 */
export interface TurnWaiter {
  turnEnded(): void
}

/**
 * Tells of the end of the present turn of the event loop. Many share one look, since most are forgotten before.
 *
 * @since 0.2.0
 * @category models
 */
export class EndOfTurn {
  readonly #waiters = new Set<TurnWaiter>()
  #isDue = false

  /** Tells it, unless it is forgotten before. */
  tell(waiter: TurnWaiter): void {
    this.#waiters.add(waiter)
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      const waiters = [...this.#waiters]
      this.#waiters.clear()
      for (const waiter of waiters) waiter.turnEnded()
    })
  }

  forget(waiter: TurnWaiter): void {
    this.#waiters.delete(waiter)
  }
}
