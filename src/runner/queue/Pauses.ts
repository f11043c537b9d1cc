/**
 * Which kinds of tasks are paused, as far as a process knows.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { PausedKind } from "../../domain/service/PauseOperations.ts"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageUnavailable } from "../../domain/task/TaskError.ts"
import { untraced } from "../../domain/telemetry/untraced.ts"
import type { TaskOfKind } from "../handler/HandlerRegistry.ts"
import { errorOf } from "./errorOf.ts"
import { SharedCall } from "./SharedCall.ts"
import { withPatience } from "./Turns.ts"

/** Milliseconds: for how long a process that hears of nothing goes by what it has read. */
const freshFor = 1_000

/**
 * The pauses that were read last. A process that is registered as a worker hears of news, and reads them then. Another one reads them
 * before it begins a task, at most once a second.
 *
 * @since 0.2.0
 * @category models
 */
export class Pauses {
  /** One read at a time, so that the last answer is the latest. It says whether tasks may have been resumed. */
  readonly #reads: SharedCall<boolean, TaskStorageUnavailable>
  readonly #whenResumed: Array<Effect.Effect<void>> = []
  #paused: ReadonlyMap<string, PausedKind> = new Map()
  /** Until when kinds were paused, at the least. */
  readonly #pausedUntil = new Map<string, { readonly kind: PausedKind; readonly at: number }>()
  #readAt: number | undefined
  #triedAt: number | undefined

  /** With how many milliseconds a read may take. */
  constructor(storage: Pick<TaskStorageShape, "pausedTasks">, patience: number) {
    this.#reads = new SharedCall(Effect.flatMap(Clock.currentTimeMillis, (askedAt) => {
      this.#triedAt = askedAt
      return Effect.matchCauseEffect(withPatience(untraced(Effect.suspend(() => storage.pausedTasks())), patience), {
        // Many fibers wait for this read, and each goes on when it fails with an error.
        onFailure: (cause) => Effect.fail(errorOf(cause)),
        onSuccess: (paused) => Effect.succeed(this.#note(paused, askedAt))
      })
    }))
  }

  /** Runs an effect whenever tasks may have been resumed. */
  whenResumed(effect: Effect.Effect<void>): void {
    this.#whenResumed.push(effect)
  }

  /** Tells whether the kind of a task is paused. */
  covers(task: TaskOfKind): boolean {
    if (this.#paused.size === 0) return false
    for (const kind of this.#paused.values()) if (isOfKind(task, kind)) return true
    return false
  }

  /** Tells until when the kind of a task was paused, if that is known, in milliseconds since the epoch. */
  pausedUntil(task: TaskOfKind): number {
    let latest = 0
    for (const { at, kind } of this.#pausedUntil.values()) if (isOfKind(task, kind)) latest = Math.max(latest, at)
    return latest
  }

  /** Reads the pauses. */
  get read(): Effect.Effect<void, TaskStorageUnavailable> {
    return this.#telling(this.#reads.nextAnswer)
  }

  /** Reads the pauses when there is news of them. Tasks may have been resumed whose pause this process did not know of. */
  get hear(): Effect.Effect<void, TaskStorageUnavailable> {
    return this.#telling(Effect.as(this.#reads.nextAnswer, true))
  }

  /** Reads the pauses, unless that was just done. */
  get refresh(): Effect.Effect<void, TaskStorageUnavailable> {
    return Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => isFresh(this.#readAt, now) ? Effect.void : this.#telling(this.#reads.answer)
    )
  }

  /** Tells whether they were just read, and no read is under way. */
  areFresh(now: number): boolean {
    return isFresh(this.#readAt, now) && this.#readAt === this.#triedAt
  }

  /** Reads them for what needs no storage: it waits no longer than a second, and no more often. */
  get refreshBriefly(): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      // Most often that was just done. A timer would cost more than all the rest of a short call.
      if (this.areFresh(now)) return Effect.void
      const isTried = isFresh(this.#triedAt, now) && !this.#reads.isUnderWay
      return isTried ? Effect.void : Effect.ignore(withPatience(this.#telling(this.#reads.answer), freshFor))
    })
  }

  #telling(read: Effect.Effect<boolean, TaskStorageUnavailable>): Effect.Effect<void, TaskStorageUnavailable> {
    return Effect.flatMap(
      read,
      (areResumed) =>
        areResumed ? Effect.forEach(this.#whenResumed, (effect) => effect, { discard: true }) : Effect.void
    )
  }

  #note(paused: ReadonlyArray<PausedKind>, at: number): boolean {
    const before = this.#paused
    this.#readAt = at
    this.#paused = new Map(paused.map((kind) => [keyOf(kind), kind]))
    for (const [key, kind] of [...before, ...this.#paused]) this.#pausedUntil.set(key, { kind, at })
    return [...before.keys()].some((key) => !this.#paused.has(key))
  }
}

const isFresh = (at: number | undefined, now: number): boolean => at !== undefined && now >= at && now - at < freshFor

const isOfKind = (task: TaskOfKind, { method, name }: PausedKind): boolean =>
  task.originalMethod === method && (name === undefined || name === (task.name ?? null))

const keyOf = ({ method, name }: PausedKind): string => JSON.stringify([method, ...name === undefined ? [] : [name]])
