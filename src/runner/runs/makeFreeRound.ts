/**
 * Going round all free tasks, some of them at a time.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ClaimableOptions, TaskKind } from "../../domain/options/TaskOptions.ts"
import { sortKey } from "../../domain/task/TaskId.ts"
import type { TaskSummary } from "../../domain/task/TaskRecord.ts"

/** What is known of a free task. */
type FreeTask = Pick<TaskSummary, "taskId" | "sessionId" | "originalMethod" | "name">

/**
 * What a round over free tasks needs.
 *
 * @since 0.2.0
 * @category models
 */
export interface FreeRoundParts<Task, E> {
  /** How many tasks one step gives at the most. */
  readonly limit: number
  readonly list: (options: ClaimableOptions) => Effect.Effect<ReadonlyArray<string>, E>
  readonly read: (taskId: string) => Effect.Effect<Option.Option<Task>, E>
}

/**
 * Makes the steps of a round over free tasks. A step gives some that are free, and the next one begins behind them: kind by kind, and
 * in each kind session by session. So tasks that stay free keep no others from their turn, and a step costs the same however many wait.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeFreeRound = <Task extends FreeTask, E>({ limit, list, read }: FreeRoundParts<Task, E>) => {
  /** The last one of the step before. There is none if that step gave all that were free. */
  let behind: Task | undefined

  const readAll = (taskIds: ReadonlyArray<string>) =>
    Effect.map(Effect.forEach(taskIds, read), (found) => found.flatMap(Option.toArray))

  /** Gives one task of each session behind the last one, of its kind alone, and whether there may be more of them. */
  const restOfKind = Effect.fnUntraced(function*(options: ClaimableOptions, last: Task) {
    const behindSession = last.sessionId ?? null
    const taskIds = yield* list({ ...options, kinds: [storedKindOf(last)], behindSession, limit })
    const tasks = yield* readAll(taskIds)
    const firsts = new Map<string, Task>()
    for (const task of tasks) {
      const session = sessionKey(task)
      // Behind the last session the list goes on with the first one.
      if (session > sessionKey(last) && !firsts.has(session)) firsts.set(session, task)
    }
    return { rest: [...firsts.values()], isCut: taskIds.length === limit && firsts.size === tasks.length }
  })

  return Effect.fnUntraced(function*(options: ClaimableOptions): Effect.fn.Return<ReadonlyArray<Task>, E> {
    const last = behind
    const { isCut, rest } = last === undefined ? nothing : yield* restOfKind(options, last)
    if (isCut) {
      behind = rest.at(-1) ?? last
      return rest
    }
    const room = limit - rest.length
    const behindKind = last && storedKindOf(last)
    const taskIds = yield* list({ ...options, behindKind, limit: room })
    const others = yield* readAll(taskIds)
    behind = taskIds.length < room ? undefined : others.at(-1) ?? last
    const known = new Set(rest.map(({ taskId }) => taskId))
    return [...rest, ...others.filter(({ taskId }) => !known.has(taskId))]
  })
}

/**
 * Gives the kind of a task as it is stored: a task without a name of its own is of the kind that has none.
 *
 * @since 0.2.0
 * @category accessors
 */
export const storedKindOf = ({ name, originalMethod }: Pick<FreeTask, "originalMethod" | "name">): TaskKind => ({
  method: originalMethod,
  name: name ?? null
})

const sessionKey = ({ sessionId }: FreeTask): string => sortKey(sessionId ?? "")

const nothing = { rest: [], isCut: false }
