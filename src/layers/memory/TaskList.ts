/**
 * The tasks of a store, or of one session, in the order of lists.
 *
 * @since 0.1.0
 */
import { BTreeEx } from "sorted-btree/extended/index.js"
import type { TaskStatus } from "../../domain/TaskStatus.ts"
import { byCreation, type Place, type TaskEntry } from "./TaskOrder.ts"

type Index = BTreeEx<Place, TaskEntry>

/**
 * Keeps entries in order. The entries of one status get an index of their own the first time that they are listed.
 */
export class TaskList {
  readonly #all: Index = new BTreeEx(undefined, byCreation)
  readonly #byStatus = new Map<TaskStatus, Index>()

  get size(): number {
    return this.#all.size
  }

  add(entry: TaskEntry): void {
    this.#all.set(entry, entry)
    this.#byStatus.get(entry.task.status)?.set(entry, entry)
  }

  remove(entry: TaskEntry): void {
    this.#all.delete(entry)
    this.#byStatus.get(entry.task.status)?.delete(entry)
  }

  /** Moves an entry, whose task has the new status already, from its old one. */
  move(entry: TaskEntry, from: TaskStatus): void {
    this.#byStatus.get(from)?.delete(entry)
    this.#byStatus.get(entry.task.status)?.set(entry, entry)
  }

  /** Walks the entries behind a place, of one status or of all. */
  *after(place: Place | undefined, status: TaskStatus | undefined): Generator<TaskEntry> {
    const index = status === undefined ? this.#all : this.#ofStatus(status)
    for (const entry of index.values(place)) {
      if (place === undefined || byCreation(entry, place) !== 0) yield entry
    }
  }

  #ofStatus(status: TaskStatus): Index {
    const known = this.#byStatus.get(status)
    if (known !== undefined) return known
    const index: Index = new BTreeEx(undefined, byCreation)
    for (const entry of this.#all.values()) {
      if (entry.task.status === status) index.set(entry, entry)
    }
    this.#byStatus.set(status, index)
    return index
  }
}
