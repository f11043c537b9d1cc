/**
 * An index that costs nothing until it is used.
 *
 * @since 0.1.0
 */
import { BTreeEx } from "sorted-btree/extended/index.js"
import type { TaskOrder } from "../../domain/driver/TaskRange.ts"
import type { TaskEntry } from "./TaskOrder.ts"

/**
 * Keeps entries in order. The first walk builds it from `source`; entries that come and go before that cost nothing. Remove
 * an entry before its sort key changes.
 */
export class LazyIndex<Key> {
  #tree: BTreeEx<Key, TaskEntry> | undefined
  readonly #order: (left: Key, right: Key) => number
  readonly #source: () => Iterable<TaskEntry & Key>

  constructor(order: (left: Key, right: Key) => number, source: () => Iterable<TaskEntry & Key>) {
    this.#order = order
    this.#source = source
  }

  add(entry: TaskEntry & Key): void {
    this.#tree?.set(entry, entry)
  }

  remove(entry: TaskEntry & Key): void {
    this.#tree?.delete(entry)
  }

  /** Walks the entries from a place on, in order or in reverse. */
  from(place: Key | undefined, order: TaskOrder = "oldest"): Iterable<TaskEntry> {
    this.#tree ??= this.#build()
    return walk(this.#tree, place, order)
  }

  #build(): BTreeEx<Key, TaskEntry> {
    const tree = new BTreeEx<Key, TaskEntry>(undefined, this.#order)
    for (const entry of this.#source()) tree.set(entry, entry)
    return tree
  }
}

/**
 * Walks the entries of a tree from a place on, in order or in reverse.
 */
export const walk = <Key>(
  tree: BTreeEx<Key, TaskEntry>,
  place: Key | undefined,
  order: TaskOrder
): Iterable<TaskEntry> => order === "oldest" ? tree.values(place) : valuesDown(tree, place)

function* valuesDown<Key>(tree: BTreeEx<Key, TaskEntry>, place: Key | undefined): Generator<TaskEntry> {
  for (const [, entry] of tree.entriesReversed(place)) yield entry
}

/**
 * Walks the items that are to be kept.
 */
export function* filter<A>(items: Iterable<A>, keep: (item: A) => boolean): Generator<A> {
  for (const item of items) if (keep(item)) yield item
}
