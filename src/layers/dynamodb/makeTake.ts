/**
 * Claiming free tasks.
 *
 * DynamoDB writes many items together only if no condition of any of them fails. So each task is claimed by a request of its own.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { isHarmless, keptClaims } from "../../domain/driver/keptClaims.ts"
import type {
  FreeQuery,
  FreeTask,
  PatchResult,
  TakenTask,
  TaskDriver,
  TaskDriverError
} from "../../domain/driver/TaskDriver.ts"
import { isAbandoned, type TaskGuard, type TaskPatch } from "../../domain/driver/TaskWrite.ts"

/** How many tasks are claimed side by side. */
const concurrency = 8

/** How often a list is read anew when others were faster. */
const rounds = 5

/** Milliseconds: how long an index may still list what was claimed. */
const lag = 10_000

/**
 * A free task, and the unique text of its creation.
 *
 * @since 0.2.0
 * @category models
 */
export interface ListedTask extends FreeTask {
  readonly incarnation: string
}

/**
 * Lists free tasks but for those of which a function says that they are gone.
 *
 * @since 0.2.0
 * @category models
 */
export type FreeList = (
  query: FreeQuery,
  isGone: (task: ListedTask) => boolean
) => Effect.Effect<ReadonlyArray<ListedTask>, TaskDriverError>

/**
 * Makes the claim of a driver. A task that is still listed though somebody has claimed it does not stand in the way of those behind
 * it: it is left out of the lists of this process for a while.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTake = (list: FreeList, patch: TaskDriver["patch"]): NonNullable<TaskDriver["take"]> => {
  const gone = new GoneTasks()

  const claim = (before: ListedTask, { freeBy, now, seats }: FreeQuery, change: TaskPatch) => {
    const { attempt, dueAt, leaseExpiresAt, taskId } = before
    const guard: TaskGuard = {
      statuses: ["working"],
      attempt,
      freeSince: freeBy,
      ...(typeof seats === "object" ? { seats } : {}),
      // The index may not know yet that the task was released since.
      ...(isAbandoned(before) ? { leaseExpiredBy: freeBy } : {})
    }
    const asking = patch(taskId, { now, session: undefined }, guard, { ...change, attempt: attempt + 1 })
    return Effect.map(Effect.result(asking), (answer) => {
      if (isFinal(answer)) gone.add(before)
      return Result.map(
        answer,
        (result): ReadonlyArray<TakenTask> =>
          result._tag === "Patched" ? [{ task: result.task, before: { leaseExpiresAt, dueAt } }] : []
      )
    })
  }

  return Effect.fnUntraced(function*(query, change) {
    const taken: Array<TakenTask> = []
    /** Each task is asked for once, whatever the answer is. */
    const asked = new Set<string>()
    const counts = new Map<string | null, number>()
    const countOf = (sessionId: string | null) => counts.get(sessionId) ?? 0

    /** Tells whether others were faster. */
    const round = Effect.gen(function*() {
      const tried = new Map<string | null, number>()
      const full = Array.from(counts).flatMap(([session, count]) => count < query.perSession ? [] : [session ?? ""])
      const listed = yield* list(
        { ...query, except: [...query.except, ...full] },
        (task) => asked.has(keyOf(task)) || gone.has(task)
      )
      const wanted = listed.filter(({ sessionId }) => {
        const count = (tried.get(sessionId) ?? countOf(sessionId)) + 1
        tried.set(sessionId, count)
        return count <= query.perSession
      }).slice(0, query.limit - taken.length)
      for (const task of wanted) asked.add(keyOf(task))
      const claims = yield* Effect.forEach(wanted, (task) => claim(task, query, change), { concurrency })
      const claimed = yield* keptClaims(claims)
      for (const one of claimed) {
        counts.set(one.task.sessionId, countOf(one.task.sessionId) + 1)
        taken.push(one)
      }
      return claimed.length < wanted.length
    })

    for (let count = 0; count < rounds && taken.length < query.limit; count++) {
      const isMore = yield* Effect.catch(
        round,
        (error) => isHarmless(error, taken.length) ? Effect.succeed(false) : Effect.fail(error)
      )
      if (!isMore) break
    }
    return taken
  })
}

/** Whether another claim under the same attempt would be answered so too. A task that only lacks a seat may find one at any time. */
const isFinal = Result.match({
  onSuccess: (result: PatchResult) => result._tag !== "Rejected" || result.full === undefined,
  onFailure: ({ retryable }: TaskDriverError) => !retryable
})

/** Free tasks that were claimed, or that others have claimed, and those that cannot be claimed. None is free again under the same attempt. */
class GoneTasks {
  /** The time at which each was added, earliest first. */
  readonly #added = new Map<string, number>()

  add(task: ListedTask): void {
    const now = performance.now()
    for (const [key, added] of this.#added) {
      if (now - added < lag) break
      this.#added.delete(key)
    }
    this.#added.delete(keyOf(task))
    this.#added.set(keyOf(task), now)
  }

  has(task: ListedTask): boolean {
    const added = this.#added.get(keyOf(task))
    return added !== undefined && performance.now() - added < lag
  }
}

const keyOf = ({ attempt, incarnation, taskId }: ListedTask): string => `${attempt} ${incarnation} ${taskId}`
