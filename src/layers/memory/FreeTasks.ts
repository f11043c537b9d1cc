/**
 * The tasks at work that can be claimed, now or from a time on.
 *
 * @since 0.2.0
 */
import { hasBegun } from "../../domain/driver/ActiveBounds.ts"
import { byKind, isOfKinds, type StoredKinds } from "../../domain/driver/KindDriver.ts"
import type { FreeKindsQuery, FreeQuery, StoredKind } from "../../domain/driver/TaskDriver.ts"
import { isExpired } from "../../domain/task/StoredTask.ts"
import { sortKey } from "../../domain/task/TaskId.ts"
import { filter, LazyIndex } from "./LazyIndex.ts"
import { byLease, byTurn, type FreePlace, type LeasePlace, type TaskEntry } from "./TaskOrder.ts"

/**
 * Finds free tasks by kind and session. A task whose lease or delay goes on is kept apart until then, so that it costs a look
 * nothing.
 */
export class FreeTasks {
  /** The latest time that was asked for: what was free by then is kept by turn. */
  #freeBy = 0
  readonly #byTurn: LazyIndex<FreePlace>
  /** Of these, the ones that have begun. */
  readonly #begun: LazyIndex<FreePlace>
  readonly #later: LazyIndex<LeasePlace>

  /** Takes what walks all tasks that are at work under a lease. */
  constructor(source: () => Iterable<TaskEntry>) {
    this.#byTurn = new LazyIndex<FreePlace>(byTurn, () => filter(source(), (entry) => this.#isFree(entry)))
    this.#begun = new LazyIndex<FreePlace>(
      byTurn,
      () => filter(source(), (entry) => this.#isFree(entry) && hasBegun(entry.task))
    )
    this.#later = new LazyIndex<LeasePlace>(byLease, () => filter(source(), (entry) => !this.#isFree(entry)))
  }

  /** Adds a task that is at work under a lease. */
  add(entry: TaskEntry): void {
    this.#indexOf(entry).add(entry)
    if (this.#isFree(entry) && hasBegun(entry.task)) this.#begun.add(entry)
  }

  remove(entry: TaskEntry): void {
    this.#indexOf(entry).remove(entry)
    if (this.#isFree(entry) && hasBegun(entry.task)) this.#begun.remove(entry)
  }

  /** Walks the kinds that are meant, and gives one task of each. From a kind that is not it leaps to the next one that is. */
  *kinds({ behind, freeBy, kinds, now }: Omit<FreeKindsQuery, "limit">): Generator<TaskEntry> {
    this.#advance(freeBy)
    let index = 0
    let kind = next(this.#byTurn, behind && behindKind(behind))
    while (kind !== undefined) {
      const { task } = kind
      let meant = kinds?.[index]
      while (meant !== undefined && isBehind(task, meant)) meant = kinds?.[++index]
      if (meant === undefined && kinds !== undefined) return
      if (meant !== undefined && !isOfKinds(task, meant)) {
        kind = next(this.#byTurn, startOf({ ...meant, name: meant.name ?? null }))
        continue
      }
      for (const entry of this.#turns(this.#byTurn, kind, undefined, freeBy, now, () => 1)) {
        yield entry
        break
      }
      kind = next(this.#byTurn, behindKind(task))
    }
  }

  /** Walks the tasks of a query. Of those that have not begun it gives no more of a session than `seatsLeft` says. */
  *inTurns(query: FreeQuery, seatsLeft?: (sessionId: string | null) => number): Generator<TaskEntry> {
    const { behind, except, freeBy, kind, limit, now, perSession, seats } = query
    this.#advance(freeBy)
    const place = startOf(kind)
    const start = behind === undefined ? place : behindSession({ task: place.task, session: sortKey(behind), key: "" })
    let left = limit
    const index = seats === "taken" ? this.#begun : this.#byTurn
    const most = (sessionId: string | null) => Math.min(perSession, seatsLeft?.(sessionId) ?? Infinity)
    const isWanted = seatsLeft === undefined ? undefined : ({ task }: TaskEntry) => !hasBegun(task)
    for (const entry of this.#turns(index, start, new Set(except), freeBy, now, most, isWanted)) {
      yield entry
      if (--left === 0) return
    }
  }

  /** Walks the free tasks of one kind from a place on, and leaps over what a session has beyond `perSession`. */
  *#turns(
    index: LazyIndex<FreePlace>,
    from: FreePlace,
    except: ReadonlySet<string | null> | undefined,
    freeBy: number,
    now: number,
    most: (sessionId: string | null) => number,
    isWanted?: (entry: TaskEntry) => boolean
  ): Generator<TaskEntry> {
    let session = next(index, from)
    while (session !== undefined && isSameKind(session, from)) {
      let left = except?.has(session.task.sessionId) === true ? 0 : most(session.task.sessionId)
      if (left > 0) {
        for (const entry of index.from(session)) {
          if (!isSameSession(entry, session) || (entry.task.leaseExpiresAt ?? 0) > freeBy) break
          if (isExpired(entry.task, now) || isWanted?.(entry) === false) continue
          yield entry
          if (--left === 0) break
        }
      }
      session = next(index, behindSession(session))
    }
  }

  /** Moves what has become free by a time, each task once. */
  #advance(freeBy: number): void {
    if (freeBy <= this.#freeBy) return
    const entries: Array<TaskEntry> = []
    for (const entry of this.#later.from(undefined)) {
      if ((entry.task.leaseExpiresAt ?? 0) > freeBy) break
      entries.push(entry)
    }
    for (const entry of entries) this.remove(entry)
    this.#freeBy = freeBy
    for (const entry of entries) this.add(entry)
  }

  #indexOf(entry: TaskEntry): LazyIndex<FreePlace> | LazyIndex<LeasePlace> {
    return this.#isFree(entry) ? this.#byTurn : this.#later
  }

  #isFree({ task }: TaskEntry): boolean {
    return (task.leaseExpiresAt ?? 0) <= this.#freeBy
  }
}

const next = (index: LazyIndex<FreePlace>, place: FreePlace | undefined): TaskEntry | undefined => {
  for (const entry of index.from(place)) return entry
  return undefined
}

const isSameKind = ({ task: left }: FreePlace, { task: right }: FreePlace): boolean =>
  left.originalMethod.text === right.originalMethod.text && left.name?.text === right.name?.text

const isSameSession = (left: FreePlace, right: FreePlace): boolean =>
  left.session === right.session && isSameKind(left, right)

/** The place behind all tasks of a session. */
const behindSession = ({ session, task }: FreePlace): FreePlace => ({
  task: { originalMethod: task.originalMethod, name: task.name, leaseExpiresAt: Infinity },
  session,
  key: ""
})

/** The place before all tasks of a kind. */
const startOf = (kind: StoredKind): FreePlace => ({ task: { ...kind, leaseExpiresAt: 0 }, session: "", key: "" })

/** The place behind them: no sort key of an id begins with the last code unit. */
const behindKind = (kind: StoredKind): FreePlace => behindSession({ ...startOf(kind), session: "\uffff" })

/** Whether a kind comes behind all those. */
const isBehind = (kind: StoredKind, kinds: StoredKinds): boolean => byKind(kind, kinds) > 0 && !isOfKinds(kind, kinds)
