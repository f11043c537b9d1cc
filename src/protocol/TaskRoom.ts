/**
 * Whether an owner may have one more task.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { SessionTasks } from "../domain/service/TaskOperations.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import { limitReached } from "./OwnerLimits.ts"
import { failWire, type WireError } from "./WireError.ts"

/** What is known of the room of one owner. */
interface Room {
  /** What the last count gave, until it is too old. */
  found: { readonly until: number; readonly refused?: WireError } | undefined
  /** How many more tasks are let in before they are counted again. */
  credit: number
  /** Tasks that were let in and are being stored. A count may miss them. */
  underWay: number
  readonly counting: Semaphore.Semaphore
}

/** The part of the room that was found that is let in before the next count. Other processes let in theirs meanwhile. */
const shareOfRoom = 1 / 16

/** How long a count is good for, in milliseconds. */
const freshFor = 60_000

/** How many times as long as a count took its refusal stands, so that counting for a full owner takes little of the time. */
const refusalPerCount = 20

/** Of how many owners something is known. The oldest are forgotten, and counted anew. */
const mostOwners = 10_000

/**
 * Lets new tasks in, as far as the limits of their owners go. It counts what is stored, whichever process stored it, but not for every
 * task: what it lets in by itself it knows.
 *
 * One process never overruns a limit. Several processes that create tasks of one owner at the same time may overrun it by a
 * sixteenth for each: `maxTasksPerSession` and `maxActivePerSession` of the storage are exact.
 *
 * @since 0.2.0
 * @category models
 */
export class TaskRoom {
  readonly #rooms = new Map<string | null, Room>()

  /** Stores a task by `create`, unless its owner has no room for it. */
  within<A, E, R>(owned: OwnedTasks, create: Effect.Effect<A, E, R>): Effect.Effect<A, E | WireError, R> {
    const { activeTasks, storedTasks } = owned.limits
    if (activeTasks === Infinity && storedTasks === Infinity) return create
    return Effect.suspend(() => {
      const room = this.#roomOf(owned.id)
      return Effect.acquireUseRelease(
        letIn(room, owned),
        () => create,
        () => Effect.sync(() => void room.underWay--)
      )
    })
  }

  #roomOf(owner: string | null): Room {
    const known = this.#rooms.get(owner)
    if (known !== undefined) return known
    for (const oldest of this.#rooms.size < mostOwners ? [] : this.#rooms.keys()) {
      this.#rooms.delete(oldest)
      break
    }
    const room: Room = { found: undefined, credit: 0, underWay: 0, counting: Semaphore.makeUnsafe(1) }
    this.#rooms.set(owner, room)
    return room
  }
}

/** Lets a task in by what is known, or by a new count. */
const letIn = (room: Room, owned: OwnedTasks): Effect.Effect<void, WireError> => {
  const byKnown = (count: Effect.Effect<void, WireError>): Effect.Effect<void, WireError> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (room.found === undefined || now >= room.found.until) return count
      if (room.found.refused !== undefined) return Effect.fail(room.found.refused)
      if (room.credit === 0) return count
      room.credit--
      room.underWay++
      return Effect.void
    })
  // Somebody else may have counted while this one waited.
  return byKnown(room.counting.withPermits(1)(byKnown(count(room, owned))))
}

const count = (room: Room, owned: OwnedTasks): Effect.Effect<void, WireError> =>
  Effect.gen(function*() {
    const startedAt = yield* Clock.currentTimeMillis
    const { activeTasks, storedTasks } = owned.limits
    const stored = storedTasks === Infinity ? 0 : yield* owned.storage.taskCount()
    const active = activeTasks === Infinity ? 0 : yield* countActive(owned.storage, activeTasks)
    const now = yield* Clock.currentTimeMillis
    const left = {
      storedTasks: storedTasks - stored - room.underWay,
      activeTasks: activeTasks - active - room.underWay
    }
    const full = left.storedTasks <= 0 ? "storedTasks" : left.activeTasks <= 0 ? "activeTasks" : undefined
    if (full !== undefined) {
      const refused = limitReached(full, owned.limits[full])
      room.found = { until: now + refusalPerCount * (now - startedAt), refused }
      return yield* Effect.fail(refused)
    }
    room.found = { until: now + freshFor }
    room.credit = Math.floor((Math.min(left.storedTasks, left.activeTasks) - 1) * shareOfRoom)
    room.underWay++
  }).pipe(Effect.catch((error) => failWire(error)))

/** Counts tasks that have not ended, by index, as far as the limit. */
const countActive = Effect.fnUntraced(function*(storage: SessionTasks, limit: number) {
  let counted = 0
  let cursor: string | undefined
  do {
    const page = yield* storage.listTaskSummaries({
      status: ["working", "input_required"],
      limit: limit - counted,
      ...(cursor === undefined ? {} : { cursor })
    })
    counted += page.tasks.length
    cursor = page.nextCursor
  } while (cursor !== undefined && counted < limit)
  return counted
})
