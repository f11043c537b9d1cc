/**
 * The tasks at work that can be claimed, now or from a time on.
 *
 * @since 0.2.0
 */
import { isExpired } from "../../domain/StoredTask.ts"
import type { FreeQuery } from "../../domain/TaskDriver.ts"
import { sortKey } from "../../domain/TaskId.ts"
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
  readonly #later: LazyIndex<LeasePlace>

  /** Takes what walks all tasks that are at work under a lease. */
  constructor(source: () => Iterable<TaskEntry>) {
    this.#byTurn = new LazyIndex<FreePlace>(byTurn, () => filter(source(), (entry) => this.#isFree(entry)))
    this.#later = new LazyIndex<LeasePlace>(byLease, () => filter(source(), (entry) => !this.#isFree(entry)))
  }

  /** Adds a task that is at work under a lease. */
  add(entry: TaskEntry): void {
    this.#indexOf(entry).add(entry)
  }

  remove(entry: TaskEntry): void {
    this.#indexOf(entry).remove(entry)
  }

  /** Walks the kinds of free tasks, and gives one task of each. */
  *kinds(freeBy: number, now: number): Generator<TaskEntry> {
    this.#advance(freeBy)
    let kind = this.#next(undefined)
    while (kind !== undefined) {
      for (const entry of this.#turns(kind, undefined, freeBy, now, 1)) {
        yield entry
        break
      }
      kind = this.#next(behindKind(kind))
    }
  }

  /** Walks the tasks of a query. */
  *inTurns({ behind, except, freeBy, kind, limit, now, perSession }: FreeQuery): Generator<TaskEntry> {
    this.#advance(freeBy)
    const place = { task: { ...kind, leaseExpiresAt: 0 }, session: "", key: "" }
    const start = behind === undefined ? place : behindSession({ ...place, session: sortKey(behind) })
    let left = limit
    for (const entry of this.#turns(start, new Set(except), freeBy, now, perSession)) {
      yield entry
      if (--left === 0) return
    }
  }

  /** Walks the free tasks of one kind from a place on, and leaps over what a session has beyond `perSession`. */
  *#turns(
    from: FreePlace,
    except: ReadonlySet<string | null> | undefined,
    freeBy: number,
    now: number,
    perSession: number
  ): Generator<TaskEntry> {
    let session = this.#next(from)
    while (session !== undefined && isSameKind(session, from)) {
      let left = except?.has(session.task.sessionId) === true ? 0 : perSession
      if (left > 0) {
        for (const entry of this.#byTurn.from(session)) {
          if (!isSameSession(entry, session) || (entry.task.leaseExpiresAt ?? 0) > freeBy) break
          if (isExpired(entry.task, now)) continue
          yield entry
          if (--left === 0) break
        }
      }
      session = this.#next(behindSession(session))
    }
  }

  #next(place: FreePlace | undefined): TaskEntry | undefined {
    for (const entry of this.#byTurn.from(place)) return entry
    return undefined
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

/** The place behind all tasks of a kind: no sort key of an id begins with the last code unit. */
const behindKind = (place: FreePlace): FreePlace => behindSession({ ...place, session: "\uffff" })
