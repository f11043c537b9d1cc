/** A driver that fails where it is told to. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { type Primitive, wrapPrimitives } from "./wrapPrimitives.ts"

/** One fault of a call: at which of its primitives, counted from 1, and what goes wrong there. */
export const Fault = Schema.Struct({
  at: Schema.Literals([1, 2, 3]),
  kind: Schema.Literals([
    "fails before",
    "fails after",
    "dies before",
    "dies after",
    "is interrupted before",
    "is interrupted after",
    "is slow"
  ])
})

export type Fault = typeof Fault.Type

/** Where the next fault is to be, and the one that was met. */
export class FaultPlan {
  #next: Fault | undefined
  #primitives = 0
  #met: Fault["kind"] | undefined

  /** Plans the fault of the next call; `undefined` is none. */
  arm(fault: Fault | undefined): void {
    this.#next = fault
    this.#primitives = 0
    this.#met = undefined
  }

  /** What went wrong since the last plan. */
  get met(): Fault["kind"] | undefined {
    return this.#met
  }

  /** Counts a primitive; gives what is to go wrong with it. */
  begin(): Fault["kind"] | undefined {
    this.#primitives++
    if (this.#next?.at !== this.#primitives) return undefined
    this.#met = this.#next.kind
    return this.#met
  }
}

/** Wraps a driver. What fails "after" has really happened, unless a transaction around it takes it back. */
export const faultyDriver = (driver: TaskDriver, plan: FaultPlan): TaskDriver =>
  wrapPrimitives(driver, (primitive, effect) =>
    Effect.suspend(() => {
      const kind = plan.begin()
      switch (kind) {
        case undefined:
          return effect
        case "fails before":
          return Effect.fail(failure(primitive, "no"))
        case "fails after":
          return Effect.andThen(effect, Effect.fail(failure(primitive, primitive.writes ? "unknown" : "no")))
        case "dies before":
          return Effect.die(new Error(`${primitive.name} was told to die`))
        case "dies after":
          return Effect.andThen(effect, Effect.die(new Error(`${primitive.name} was told to die`)))
        case "is interrupted before":
          return Effect.interrupt
        case "is interrupted after":
          return Effect.andThen(effect, Effect.interrupt)
        case "is slow":
          return Effect.andThen(realSleep(1), effect)
      }
    }))

const failure = ({ name }: Primitive, applied: "no" | "unknown") =>
  new TaskDriverError({ reason: `${name} was told to fail`, retryable: true, applied })
