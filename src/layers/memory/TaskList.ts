/**
 * The tasks of a store, or of one session, in the order of lists.
 *
 * @since 0.1.0
 */
import { BTreeEx } from "sorted-btree/extended/index.js"
import type { TaskOrder } from "../../domain/driver/TaskRange.ts"
import { type TaskStatus, taskStatuses } from "../../domain/task/TaskStatus.ts"
import { LazyIndex, walk } from "./LazyIndex.ts"
import { byCreation, type Place, type TaskEntry } from "./TaskOrder.ts"

/**
 * Keeps entries in order, all together and by status.
 */
export class TaskList {
  readonly #all = new BTreeEx<Place, TaskEntry>(undefined, byCreation)
  readonly #byStatus = new Map<TaskStatus, LazyIndex<Place>>()
  /** Whether anybody has asked for a status, so that there may be an index to keep. */
  #isByStatus = false

  constructor() {
    for (const status of taskStatuses) {
      this.#byStatus.set(status, new LazyIndex(byCreation, () => this.inStatus(status)))
    }
  }

  get size(): number {
    return this.#all.size
  }

  add(entry: TaskEntry): void {
    this.#all.set(entry, entry)
    if (this.#isByStatus) this.#byStatus.get(entry.task.status)?.add(entry)
  }

  remove(entry: TaskEntry): void {
    this.#all.delete(entry)
    if (this.#isByStatus) this.#byStatus.get(entry.task.status)?.remove(entry)
  }

  /** Moves an entry, whose task has the new status already, from its old one. */
  move(entry: TaskEntry, from: TaskStatus): void {
    if (!this.#isByStatus) return
    this.#byStatus.get(from)?.remove(entry)
    this.#byStatus.get(entry.task.status)?.add(entry)
  }

  /** Walks the entries behind a place in an order, of some statuses or of all. */
  *behind(
    place: Place | undefined,
    order: TaskOrder,
    statuses: ReadonlyArray<TaskStatus> | undefined
  ): Generator<TaskEntry> {
    if (statuses !== undefined) this.#isByStatus = true
    const walks = statuses === undefined
      ? [walk(this.#all, place, order)]
      : statuses.map((status) => this.#byStatus.get(status)?.from(place, order) ?? [])
    for (const entry of merged(walks, order === "oldest" ? byCreation : (left, right) => byCreation(right, left))) {
      if (place === undefined || byCreation(entry, place) !== 0) yield entry
    }
  }

  /** Walks the entries of one status by looking at all: what indexes are built of. */
  *inStatus(status: TaskStatus): Generator<TaskEntry> {
    for (const entry of this.#all.values()) {
      if (entry.task.status === status) yield entry
    }
  }
}

/** Walks what several walks give, each in an order, in that order. */
function* merged(
  walks: ReadonlyArray<Iterable<TaskEntry>>,
  compare: (left: Place, right: Place) => number
): Generator<TaskEntry> {
  const heads = walks.map((entries) => {
    const rest = entries[Symbol.iterator]()
    return { rest, next: rest.next() }
  })
  while (true) {
    let first: (typeof heads)[number] | undefined
    for (const head of heads) {
      if (head.next.done === true) continue
      if (first === undefined || compare(head.next.value, first.next.value) < 0) first = head
    }
    if (first === undefined) return
    yield first.next.value
    first.next = first.rest.next()
  }
}
