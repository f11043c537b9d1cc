/**
 * How many tasks run at once.
 *
 * @since 0.2.0
 */

/**
 * The bounds of a runner.
 *
 * @since 0.2.0
 * @category models
 */
export interface Overrun {
  readonly scope: "runner" | "session"
  readonly limit: number
}

/**
 * Counts the running tasks, in all and by session. Tasks that are bound to no session share no bound.
 *
 * @since 0.2.0
 * @category models
 */
export class RunnerSlots {
  #taken = 0
  readonly #bySession = new Map<string, number>()
  readonly #maxRunning: number | null
  readonly #maxRunningPerSession: number | null

  constructor(bounds: { readonly maxRunning: number | null; readonly maxRunningPerSession: number | null }) {
    this.#maxRunning = bounds.maxRunning
    this.#maxRunningPerSession = bounds.maxRunningPerSession
  }

  get taken(): number {
    return this.#taken
  }

  get isFull(): boolean {
    return this.#maxRunning !== null && this.#taken >= this.#maxRunning
  }

  /** How many more tasks may run. */
  get room(): number {
    return this.#maxRunning === null ? Infinity : Math.max(0, this.#maxRunning - this.#taken)
  }

  /** How many tasks each session runs. */
  get bySession(): { readonly [sessionId: string]: number } {
    return Object.fromEntries(this.#bySession)
  }

  /** Tells which bound one more task would overrun, if any. */
  overrun(sessionId: string | undefined): Overrun | undefined {
    if (this.#maxRunning !== null && this.isFull) return { scope: "runner", limit: this.#maxRunning }
    if (sessionId === undefined || this.#maxRunningPerSession === null) return undefined
    return (this.#bySession.get(sessionId) ?? 0) >= this.#maxRunningPerSession
      ? { scope: "session", limit: this.#maxRunningPerSession }
      : undefined
  }

  take(sessionId: string | undefined): void {
    this.#taken++
    if (sessionId !== undefined) this.#bySession.set(sessionId, (this.#bySession.get(sessionId) ?? 0) + 1)
  }

  release(sessionId: string | undefined): void {
    this.#taken--
    if (sessionId === undefined) return
    const left = (this.#bySession.get(sessionId) ?? 1) - 1
    if (left === 0) this.#bySession.delete(sessionId)
    else this.#bySession.set(sessionId, left)
  }
}
