/** A driver whose engine refuses whatever it is asked, as one does whose credentials are being rotated. */
import * as Effect from "effect/Effect"
import { type TaskDriver, TaskDriverError } from "../../src/domain/driver/TaskDriver.ts"
import { wrapPrimitives } from "../layers/faults/wrapPrimitives.ts"

const refusal = Effect.fail(
  new TaskDriverError({ reason: "the engine does not accept the password", retryable: false, applied: "no" })
)

/** What is refused at the moment. */
export class Refusals {
  #all = false
  readonly #once = new Set<string>()
  /** How many calls were refused. */
  count = 0

  /** Refuses the next write of each of these tasks. */
  once(taskIds: ReadonlyArray<string>): void {
    for (const taskId of taskIds) this.#once.add(taskId)
  }

  begin(): void {
    this.#all = true
  }

  end(): void {
    this.#all = false
  }

  wrap(driver: TaskDriver): TaskDriver {
    const whole = wrapPrimitives(driver, (_, effect) => this.#unless(() => this.#all, effect))
    return {
      ...whole,
      patch: (taskId, ...rest) => this.#unless(() => this.#once.delete(taskId), whole.patch(taskId, ...rest))
    }
  }

  #unless<A, E>(isRefused: () => boolean, effect: Effect.Effect<A, E>): Effect.Effect<A, E | TaskDriverError> {
    return Effect.suspend((): Effect.Effect<A, E | TaskDriverError> => {
      if (!isRefused()) return effect
      this.count++
      return refusal
    })
  }
}
