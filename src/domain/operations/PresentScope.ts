/**
 * What an operation sees at the present time.
 *
 * @since 0.2.0
 */
import type * as Clock from "effect/Clock"
import type { TaskScope } from "../driver/TaskWrite.ts"
import { readMillis } from "../telemetry/StorageOperation.ts"

/**
 * A scope at the present time. The time is read when it is asked for, which only a task with a ttl needs: to read it takes a tenth of
 * a read from memory.
 *
 * @since 0.2.0
 * @category models
 */
export class PresentScope implements TaskScope {
  readonly session: string | null | undefined
  readonly #clock: Clock.Clock
  #now: number | undefined

  constructor(clock: Clock.Clock, session: string | null | undefined) {
    this.session = session
    this.#clock = clock
  }

  get now(): number {
    return this.#now ??= readMillis(this.#clock)
  }
}
