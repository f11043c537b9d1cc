/**
 * The places of calls that may become tasks: among the calls of their owner, and among the tasks of the runner.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ReservedSlot } from "../runner/service/TaskRunner.ts"
import { toolsCall } from "./names.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import type { Tasks } from "./Tasks.ts"
import { failWire, type WireError } from "./WireError.ts"

/** Whose call it is, and of which tool. */
interface Placing {
  readonly tasks: Tasks
  readonly owned: OwnedTasks
  readonly name: string
}

/**
 * The place of a call. Nothing may interrupt its owner before it leaves.
 *
 * @since 0.2.0
 * @category models
 */
export class CallPlace {
  readonly slot: ReservedSlot
  readonly #tasks: Tasks
  readonly #owned: OwnedTasks

  constructor({ owned, tasks }: Placing, slot: ReservedSlot) {
    this.slot = slot
    this.#tasks = tasks
    this.#owned = owned
  }

  /** Gives it up. A task that the call has become keeps its slot. */
  leave(): void {
    this.#tasks.openCalls.leave(this.#owned)
    this.slot.free()
  }

  /** Gives it up when an effect has ended. */
  leaveAfter<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.ensuring(effect, Effect.sync(() => this.leave()))
  }
}

/**
 * Takes a place; `undefined` if there is none, or none that can be had without waiting.
 *
 * @since 0.2.0
 * @category constructors
 */
export const takePlace = (placing: Placing): CallPlace | undefined => {
  const { name, owned, tasks: { openCalls, runner } } = placing
  if (openCalls.enter(owned) !== undefined) return undefined
  const slot = runner.takeSlot({ originalMethod: toolsCall, name }, owned.id)
  if (slot !== undefined) return new CallPlace(placing, slot)
  openCalls.leave(owned)
  return undefined
}

/**
 * Takes a place; `undefined` if its owner or the runner has none for it. Then the call waits or is refused as a task.
 *
 * @since 0.2.0
 * @category constructors
 */
export const reservePlace = (placing: Placing): Effect.Effect<CallPlace | undefined, WireError> =>
  Effect.suspend(() => {
    const taken = takePlace(placing)
    if (taken !== undefined) return Effect.succeed(taken)
    const { name, owned, tasks: { openCalls } } = placing
    if (openCalls.enter(owned) !== undefined) return Effect.undefined
    return Effect.matchCauseEffect(owned.runner.reserveSlot({ originalMethod: toolsCall, name }), {
      onSuccess: (reserved) => {
        if (Option.isSome(reserved)) return Effect.succeed(new CallPlace(placing, reserved.value))
        openCalls.leave(owned)
        return Effect.undefined
      },
      onFailure: (cause) => {
        openCalls.leave(owned)
        return Effect.catch(Effect.failCause(cause), (error) => failWire(error))
      }
    })
  })
