/**
 * The progress of one piece of work on its way to the storage.
 *
 * @since 0.2.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { backgroundSleep } from "../domain/backgroundSleep.ts"

/** Milliseconds between two writes. Of many reports only the last is written. */
const interval = 100

/** Milliseconds until a failed write of a report is retried. */
const pauseAfterFault = 1_000

/**
 * Writes the first report at once, and of the reports that follow soon only the last. Writes nothing while there are none.
 *
 * @since 0.2.0
 * @category models
 */
export class ProgressReports {
  readonly #write: (message: string) => Effect.Effect<"written" | "later">
  readonly #reported = Latch.makeUnsafe(false)
  #latest: { readonly message: string } | undefined
  #tried = Deferred.makeUnsafe<void>()
  #nextAt = 0n

  /** Tries once to write a message. Dies if the message can never be written. */
  constructor(write: (message: string) => Effect.Effect<"written" | "later">) {
    this.#write = write
  }

  /** Takes a report. If it is to be written at once, it is written when this succeeds, unless the engine is down. */
  report(message: string): Effect.Effect<void> {
    return Effect.clockWith((clock) =>
      Effect.suspend(() => {
        const isDue = clock.monotonicTimeNanosUnsafe() >= this.#nextAt
        const tried = this.#tried
        this.#latest = { message }
        // Who waits for it may go on before this returns.
        this.#reported.openUnsafe()
        return isDue ? Deferred.await(tried) : Effect.void
      })
    )
  }

  /** Gives the report that is not written yet, for another write that includes it. */
  take(): string | undefined {
    const latest = this.#latest
    this.#latest = undefined
    return latest?.message
  }

  /** Writes the reports, until it is interrupted. */
  get keepWriting(): Effect.Effect<never> {
    return this.#reported.await.pipe(
      Effect.andThen(this.#untilNext),
      Effect.andThen(this.#writeLatest),
      Effect.forever
    )
  }

  get #untilNext(): Effect.Effect<void> {
    return Effect.clockWith((clock) => {
      const rest = Number(this.#nextAt - clock.monotonicTimeNanosUnsafe())
      return rest > 0 ? backgroundSleep(Math.ceil(rest / 1e6)) : Effect.void
    })
  }

  get #writeLatest(): Effect.Effect<void> {
    return Effect.clockWith((clock) =>
      Effect.suspend(() => {
        const latest = this.#latest
        this.#reported.closeUnsafe()
        if (latest === undefined) return Effect.void
        const waitUntil = (millis: number) => {
          this.#nextAt = clock.monotonicTimeNanosUnsafe() + BigInt(millis) * 1_000_000n
        }
        waitUntil(interval)
        // It counts as not written until it is: whoever interrupts this takes it along.
        return Effect.matchCause(this.#write(latest.message), {
          onFailure: (cause) => {
            if (this.#latest === latest) this.#latest = undefined
            this.#settle(Effect.failCause(cause))
          },
          onSuccess: (fate) => {
            if (fate === "later") waitUntil(pauseAfterFault)
            if (fate === "written" && this.#latest === latest) this.#latest = undefined
            if (this.#latest !== undefined) this.#reported.openUnsafe()
            this.#settle(Effect.void)
          }
        })
      })
    )
  }

  /** Tells those who wait for the try how it ended. */
  #settle(end: Effect.Effect<void>): void {
    const tried = this.#tried
    this.#tried = Deferred.makeUnsafe()
    Deferred.doneUnsafe(tried, end)
  }
}
