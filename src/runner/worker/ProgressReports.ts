/**
 * The progress of one piece of work on its way to the storage.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { backgroundSleep } from "../../domain/effects/backgroundSleep.ts"

/** Milliseconds between two writes. Of many reports only the last is written. */
const interval = 100

/** Milliseconds until a failed write of a report is retried. */
const pauseAfterFault = 1_000

/**
 * Starts a fiber that outlives whoever starts it.
 *
 * @since 0.2.0
 * @category models
 */
export type Fork = (effect: Effect.Effect<void>) => Effect.Effect<Fiber.Fiber<void>>

/**
 * Writes the first report at once, and of the reports that follow soon only the last. While there are none it costs nothing:
 * the fiber that writes ends with the last report.
 *
 * @since 0.2.0
 * @category models
 */
export class ProgressReports {
  readonly #write: (message: string) => Effect.Effect<"written" | "later">
  readonly #fork: Fork
  #latest: { readonly message: string } | undefined
  #isWriting = false
  #writer: Fiber.Fiber<void> | undefined
  #nextAt = 0n

  /** Tries once to write a message. Dies if the message can never be written. */
  constructor(write: (message: string) => Effect.Effect<"written" | "later">, fork: Fork) {
    this.#write = write
    this.#fork = fork
  }

  /** Takes a report. If it is to be written at once, it is written when this succeeds, unless the engine is down. */
  report(message: string): Effect.Effect<void> {
    return Effect.clockWith((clock) =>
      Effect.suspend(() => {
        this.#latest = { message }
        if (this.#isWriting) return Effect.void
        this.#isWriting = true
        return clock.monotonicTimeNanosUnsafe() >= this.#nextAt
          ? Effect.ensuring(this.#writeLatest, this.#writeRest)
          : this.#writeRest
      })
    )
  }

  /** Gives the report that is not written yet, for another write that includes it. */
  take(): string | undefined {
    const latest = this.#latest
    this.#latest = undefined
    return latest?.message
  }

  /** Stops writing. A report that is on its way counts as not written. */
  get stop(): Effect.Effect<void> {
    return Effect.suspend(() => this.#writer === undefined ? Effect.void : Fiber.interrupt(this.#writer))
  }

  /** Leaves the reports that are left to a fiber of their own. */
  get #writeRest(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#latest === undefined) {
        this.#isWriting = false
        return Effect.void
      }
      return Effect.map(this.#fork(this.#writeAll), (writer) => {
        if (this.#isWriting) this.#writer = writer
      })
    })
  }

  /** Writes as long as there is a report. If one can never be written, it is dropped: nobody waits for it. */
  get #writeAll(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#latest === undefined) {
        this.#isWriting = false
        this.#writer = undefined
        return Effect.void
      }
      return Effect.andThen(this.#untilNext, Effect.exit(this.#writeLatest)).pipe(Effect.andThen(this.#writeAll))
    })
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
        if (latest === undefined) return Effect.void
        const waitUntil = (millis: number) => {
          this.#nextAt = clock.monotonicTimeNanosUnsafe() + BigInt(millis) * 1_000_000n
        }
        const drop = () => {
          if (this.#latest === latest) this.#latest = undefined
        }
        waitUntil(interval)
        // It counts as not written until it is: whoever interrupts this takes it along.
        return Effect.matchCauseEffect(this.#write(latest.message), {
          onFailure: (cause) => {
            drop()
            return Effect.failCause(cause)
          },
          onSuccess: (fate) => {
            if (fate === "later") waitUntil(pauseAfterFault)
            else drop()
            return Effect.void
          }
        })
      })
    )
  }
}
