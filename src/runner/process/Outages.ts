/**
 * Whether the engine behind a storage answers a runner.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import type { Takeovers } from "./Takeovers.ts"

/**
 * The calls of a runner that fail and are retried. The log has one line when an outage begins, and one when it is over. During
 * an outage other processes cannot extend their leases either.
 *
 * @since 0.2.0
 * @category models
 */
export class Outages {
  readonly #takeovers: Takeovers
  readonly #failing = new Set<object>()
  /** Whether no call was answered since a new call failed. */
  #isDown = false
  #began = 0n
  #over = 0

  constructor(takeovers: Takeovers) {
    this.#takeovers = takeovers
  }

  get isDown(): boolean {
    return this.#isDown
  }

  /** How many outages are over. Read it before a call that is passed to {@link failed}. */
  get over(): number {
    return this.#over
  }

  /**
   * Notes that a call failed and will be retried. If it keeps failing while others are answered, as on a corrupt row, that
   * is no outage of the engine. Neither is it one if an outage has ended since the call was made: its connection may have
   * hung since then.
   */
  failed(call: object, error: TaskStorageError, over: number): Effect.Effect<void> {
    return Effect.flatMap(Clock.monotonicTimeNanos, (now) => {
      if (over !== this.#over) return Effect.void
      const isFirst = this.#failing.size === 0
      if (!this.#failing.has(call)) this.#isDown = true
      this.#failing.add(call)
      if (!isFirst) return Effect.void
      this.#began = now
      return Effect.logWarning(
        "The task storage fails. Tasks that run go on, and what they write is tried again until it is stored",
        error
      )
    })
  }

  /** Notes that a call was answered, even with a refusal. */
  answered(call: object): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!this.#isDown) return this.forget(call)
      this.#isDown = false
      return Effect.flatMap(Clock.monotonicTimeNanos, (now) => {
        this.#takeovers.postpone(now)
        return this.forget(call)
      })
    })
  }

  /** Notes that a call was answered, and passes its answer on. Call it while the call runs. */
  passOn<A>(call: object, answer: A): Effect.Effect<A> {
    return this.after(call, Effect.succeed(answer))
  }

  /** Notes that a call was answered, and does what comes next. Call it while the call runs. */
  after<A, E>(call: object, next: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return this.#isDown || this.#failing.size > 0 ? Effect.andThen(this.answered(call), next) : next
  }

  /** Notes how a call failed that is not retried, and fails with that. Call it while the call runs. */
  fail<E extends TaskStorageError>(call: object, cause: Cause.Cause<E>): Effect.Effect<never, E> {
    const error: TaskStorageError | undefined = cause.reasons.find(Cause.isFailReason)?.error
    if (error === undefined) return Effect.failCause(cause)
    if (error._tag !== "TaskStorageUnavailable") return this.after(call, Effect.failCause(cause))
    this.#isDown = true
    return Effect.failCause(cause)
  }

  /** Forgets a call that nobody makes any more. */
  forget(call: object): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.#failing.delete(call) && this.#failing.size === 0 && !this.#isDown
        ? Effect.flatMap(Clock.monotonicTimeNanos, (now) => {
          this.#over++
          return Effect.logInfo(`The task storage answers again, after ${(now - this.#began) / nanosPerMilli} ms`)
        })
        : Effect.void
    )
  }

  /** Notes how a call ends that is not retried. */
  watch<A, E extends TaskStorageError, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.matchCauseEffect(call, {
      onSuccess: (answer) => this.passOn(call, answer),
      onFailure: (cause) => this.fail(call, cause)
    })
  }
}

const nanosPerMilli = 1_000_000n
