/**
 * The kinds of free tasks that somebody wants, in turns.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { byKind, kindsText, type StoredKinds } from "../driver/KindDriver.ts"
import type { FreeKindsQuery, StoredKind, TaskDriver, TaskDriverError } from "../driver/TaskDriver.ts"

/** How many kinds are read at once: as many as tasks are wanted, within these bounds. */
const portion = { least: 100, most: 1_000 } as const

/**
 * Says which kinds are wanted: all of them, or those that some cover; behind which one they begin; and how many tasks are wanted.
 *
 * @since 0.2.0
 * @category models
 */
export interface WantedKinds {
  readonly kinds: ReadonlyArray<StoredKinds> | null
  readonly behindKind: StoredKind | undefined
  readonly limit: number
}

/**
 * Reads kinds as far as they are asked for. They begin behind one, and go round. There are as many as there are: none is left out
 * because of those before it.
 *
 * @since 0.2.0
 * @category models
 */
export class FreeKinds {
  readonly #freeKinds: TaskDriver["freeKinds"]
  readonly #behindKind: StoredKind | undefined
  readonly #query: FreeKindsQuery
  readonly #kinds: Array<StoredKind> = []
  readonly #known = new Set<string>()
  /** Reads more. There are no more without it. */
  #next: Effect.Effect<void, TaskDriverError> | undefined

  constructor(
    freeKinds: TaskDriver["freeKinds"],
    { behindKind, kinds, limit }: WantedKinds,
    time: Pick<FreeKindsQuery, "freeBy" | "now">
  ) {
    this.#freeKinds = freeKinds
    this.#behindKind = behindKind
    this.#query = {
      ...time,
      kinds: kinds === null ? undefined : inOrder(kinds),
      limit: Math.min(Math.max(limit, portion.least), portion.most)
    }
    this.#next = kinds?.length === 0 ? undefined : this.#begin
  }

  /** Gives a kind by its place among all. */
  at(index: number): Effect.Effect<StoredKind | undefined, TaskDriverError> {
    return Effect.suspend(() =>
      index < this.#kinds.length || this.#next === undefined
        ? Effect.succeed(this.#kinds[index])
        : Effect.flatMap(this.#next, () => this.at(index))
    )
  }

  /** Most often there are not many, and one read gives all of them. */
  get #begin(): Effect.Effect<void, TaskDriverError> {
    return Effect.map(this.#read(undefined), (first) => {
      const behind = this.#behindKind
      if (this.#isLast(first)) {
        const isBehind = (kind: StoredKind) => behind === undefined || byKind(kind, behind) > 0
        this.#add([...first.filter(isBehind), ...first.filter((kind) => !isBehind(kind))])
        this.#next = undefined
      } else if (behind === undefined) this.#goOn(first)
      else this.#next = this.#readBehind(behind, first)
    })
  }

  /** Reads the kinds behind one, to their end. Then those of the first read come, and the others up to that kind. */
  #readBehind(behind: StoredKind, first: ReadonlyArray<StoredKind>): Effect.Effect<void, TaskDriverError> {
    return Effect.map(this.#read(behind), (found) => {
      const last = found.at(-1)
      this.#next = !this.#add(found) || last === undefined || this.#isLast(found)
        ? Effect.sync(() => this.#goOn(first))
        : this.#readBehind(last, first)
    })
  }

  /** Adds kinds, and goes on behind them, unless one of them was there before. */
  #goOn(found: ReadonlyArray<StoredKind>): void {
    const last = found.at(-1)
    this.#next = !this.#add(found) || last === undefined || this.#isLast(found)
      ? undefined
      : Effect.map(this.#read(last), (found) => this.#goOn(found))
  }

  /** Tells whether all of them are new. */
  #add(found: ReadonlyArray<StoredKind>): boolean {
    const added = found.filter((kind) => !this.#known.has(kindsText(kind)))
    for (const kind of added) this.#known.add(kindsText(kind))
    this.#kinds.push(...added)
    return added.length === found.length
  }

  #read(behind: StoredKind | undefined): Effect.Effect<ReadonlyArray<StoredKind>, TaskDriverError> {
    return Effect.suspend(() => this.#freeKinds({ ...this.#query, behind }))
  }

  #isLast(found: ReadonlyArray<StoredKind>): boolean {
    return found.length < this.#query.limit
  }
}

/** A kind that another one covers is not named again. */
const inOrder = (kinds: ReadonlyArray<StoredKinds>): ReadonlyArray<StoredKinds> => {
  const named: Array<StoredKinds> = []
  for (const kind of kinds.toSorted((left, right) => byKind(left, right) || namesAll(right) - namesAll(left))) {
    const last = named.at(-1)
    if (last === undefined || !covers(last, kind)) named.push(kind)
  }
  return named
}

const namesAll = ({ name }: StoredKinds): number => name === undefined ? 1 : 0

const covers = (some: StoredKinds, kind: StoredKinds): boolean =>
  kindsText(some) === kindsText(kind) ||
  (some.name === undefined && some.originalMethod.text === kind.originalMethod.text)
