/**
 * The tasks of a store, or of one session, in the order of lists.
 *
 * @since 0.1.0
 */
import { BTreeEx } from "sorted-btree/extended/index.js"
import { type TaskStatus, taskStatuses } from "../../domain/TaskStatus.ts"
import { LazyIndex } from "./LazyIndex.ts"
import { byCreation, type Place, type TaskEntry } from "./TaskOrder.ts"

/**
 * Keeps entries in order, all together and by status.
 */
export class TaskList {
  readonly #all = new BTreeEx<Place, TaskEntry>(undefined, byCreation)
  readonly #byStatus = new Map<TaskStatus, LazyIndex<Place>>()

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
    this.#byStatus.get(entry.task.status)?.add(entry)
  }

  remove(entry: TaskEntry): void {
    this.#all.delete(entry)
    this.#byStatus.get(entry.task.status)?.remove(entry)
  }

  /** Moves an entry, whose task has the new status already, from its old one. */
  move(entry: TaskEntry, from: TaskStatus): void {
    this.#byStatus.get(from)?.remove(entry)
    this.#byStatus.get(entry.task.status)?.add(entry)
  }

  /** Walks the entries behind a place, of one status or of all. */
  *after(place: Place | undefined, status: TaskStatus | undefined): Generator<TaskEntry> {
    const entries = status === undefined ? this.#all.values(place) : this.#byStatus.get(status)?.from(place)
    for (const entry of entries ?? []) {
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
