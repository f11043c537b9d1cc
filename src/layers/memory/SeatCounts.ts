/**
 * The seats that the tasks of a memory backend take.
 *
 * @since 0.2.0
 */
import { type ActiveBounds, hasSeat } from "../../domain/driver/ActiveBounds.ts"
import type { StoredTask } from "../../domain/task/StoredTask.ts"
import type { TaskEntry } from "./TaskOrder.ts"

/** Not made anew for each write. */
const ways = ["refuse", "wait"] as const

type Counts = Map<string | undefined, number>

/**
 * Counts seats, in all and by session. It counts nothing before somebody asks.
 */
export class SeatCounts {
  readonly #source: () => Iterable<TaskEntry>
  /** The seats of all tasks are those of `undefined`. */
  readonly #counts: { readonly [When in ActiveBounds["whenMaxActive"]]: { current: Counts | undefined } } = {
    refuse: { current: undefined },
    wait: { current: undefined }
  }

  /** Takes what walks all tasks. */
  constructor(source: () => Iterable<TaskEntry>) {
    this.#source = source
  }

  /** Notes that a task has become another one, has come, or has gone. */
  move(before: StoredTask | undefined, after: StoredTask | undefined): void {
    for (const when of ways) {
      const { current } = this.#counts[when]
      if (current === undefined) continue
      if (before !== undefined && hasSeat(before, when)) count(current, before, -1)
      if (after !== undefined && hasSeat(after, when)) count(current, after, 1)
    }
  }

  /** Gives how many seats are taken where a task wants one, without that of the task whose place it takes. */
  taken(
    { whenMaxActive }: ActiveBounds,
    { sessionId }: StoredTask,
    replaced?: StoredTask
  ): { readonly all: number; readonly inSession: number } {
    const counts = this.#counts[whenMaxActive].current ??= this.#build(whenMaxActive)
    const leaving = replaced !== undefined && hasSeat(replaced, whenMaxActive) ? 1 : 0
    const all = (counts.get(undefined) ?? 0) - leaving
    if (sessionId === null) return { all, inSession: 0 }
    return { all, inSession: (counts.get(sessionId) ?? 0) - (replaced?.sessionId === sessionId ? leaving : 0) }
  }

  /** Gives how many tasks may begin, of all or of a session. */
  left({ maxActive, maxActivePerSession, whenMaxActive }: ActiveBounds, sessionId: string | null | undefined): number {
    const bound = sessionId === undefined ? maxActive : sessionId === null ? null : maxActivePerSession
    if (bound === null) return Infinity
    const counts = this.#counts[whenMaxActive].current ??= this.#build(whenMaxActive)
    return Math.max(0, bound - (counts.get(sessionId ?? undefined) ?? 0))
  }

  #build(when: ActiveBounds["whenMaxActive"]): Counts {
    const counts: Counts = new Map()
    for (const { task } of this.#source()) if (hasSeat(task, when)) count(counts, task, 1)
    return counts
  }
}

const count = (counts: Counts, { sessionId }: StoredTask, change: number): void => {
  for (const session of sessionId === null ? [undefined] : [undefined, sessionId]) {
    const number = (counts.get(session) ?? 0) + change
    if (number === 0) counts.delete(session)
    else counts.set(session, number)
  }
}
