/**
 * Progress notifications.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { ProgressAmount } from "../runner/handler/TaskContext.ts"

/**
 * The params of `notifications/progress`.
 *
 * @since 0.2.0
 * @category models
 */
interface ProgressParams {
  readonly progressToken: string | number
  readonly progress: number
  readonly total?: number
  readonly message?: string
}

/**
 * Sends `notifications/progress` to the client of a call, as long as its stream or its session lives; afterwards it does
 * nothing.
 *
 * @since 0.2.0
 * @category models
 */
export type SendProgress = (params: ProgressParams) => Effect.Effect<void>

/**
 * Tells one client of the progress of one call.
 *
 * @since 0.2.0
 * @category models
 */
export interface ProgressSender {
  /** Tells it soon, and does not wait for that. What comes faster than ten a second is told by its last. */
  readonly report: (message: string, amount: ProgressAmount | undefined) => Effect.Effect<void>
  /** Waits until the last is told, for a second at most: a client that does not read must hold up no work. */
  readonly flush: Effect.Effect<void>
}

/** Ten a second. */
const pause = "100 millis"

/** How long the end of work waits for its client to take the last. */
const patience = "1 second"

/**
 * Makes the sender of a call whose `_meta` has this token. Numbers go up with each notification, as the protocol demands:
 * one that does not is left out, and work that counts nothing is counted by its reports.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeProgressSender = (progressToken: string | number, send: SendProgress): ProgressSender => {
  let last = -Infinity
  let next: ProgressParams | undefined
  let isSending = false
  const oneAtATime = Semaphore.makeUnsafe(1)

  const sendNext = oneAtATime.withPermit(Effect.suspend(() => {
    const params = next
    next = undefined
    return params === undefined ? Effect.void : send(params)
  }))

  const sendAll: Effect.Effect<void> = Effect.suspend(() => {
    if (next === undefined) {
      isSending = false
      return Effect.void
    }
    return Effect.andThen(sendNext, Effect.andThen(Effect.sleep(pause), sendAll))
  })

  return {
    report: (message, amount) =>
      Effect.suspend(() => {
        const progress = amount?.progress ?? Math.max(last, 0) + 1
        if (!Number.isFinite(progress) || progress <= last) return Effect.void
        last = progress
        next = { progressToken, progress, ...(amount?.total === undefined ? {} : { total: amount.total }), message }
        if (isSending) return Effect.void
        isSending = true
        return Effect.asVoid(Effect.forkDetach(sendAll, { startImmediately: true }))
      }),
    flush: Effect.suspend(() =>
      next === undefined && !isSending
        ? Effect.void
        : Effect.andThen(Effect.timeoutOption(sendNext, patience), Effect.sync(() => void (next = undefined)))
    )
  }
}

/**
 * Reads the progress token of a request from its `_meta`.
 *
 * @since 0.2.0
 * @category accessors
 */
export const isProgressToken = (token: unknown): token is string | number =>
  typeof token === "string" || typeof token === "number"
