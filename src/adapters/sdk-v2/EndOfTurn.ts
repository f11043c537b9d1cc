/**
 * The end of a turn of the event loop.
 *
 * @since 0.2.0
 */

/**
 * Calls back at the end of the present turn of the event loop. Many calls share one look, since most are forgotten before.
 *
 * @since 0.2.0
 * @category models
 */
export class EndOfTurn {
  readonly #calls = new Set<() => void>()
  #isDue = false

  /** Calls back, unless it is forgotten: this gives what does so. */
  call(callBack: () => void): () => void {
    this.#calls.add(callBack)
    if (!this.#isDue) {
      this.#isDue = true
      setImmediate(() => {
        this.#isDue = false
        const calls = [...this.#calls]
        this.#calls.clear()
        for (const callBack of calls) callBack()
      })
    }
    return () => this.#calls.delete(callBack)
  }
}
