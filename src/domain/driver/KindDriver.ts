/**
 * The primitives of a backend that keep which kinds of tasks are paused.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type { StoredJson } from "../json/StoredJson.ts"
import type { StoredTask } from "../task/StoredTask.ts"
import type { TaskDriverError } from "./TaskDriverError.ts"

/**
 * The tasks of one method: those of any name for an undefined `name`, those without a name for `null`.
 *
 * @since 0.2.0
 * @category models
 */
export interface StoredKinds {
  readonly originalMethod: StoredJson
  readonly name: StoredJson | null | undefined
}

/**
 * A pause, and since when it lasts, in milliseconds since the epoch.
 *
 * @since 0.2.0
 * @category models
 */
export interface StoredPause extends StoredKinds {
  readonly pausedAt: number
}

/**
 * The kinds of tasks that are paused. `freeKinds`, `free` and `take` leave out what a pause covers. A pause or its end is stored
 * first. Then every living worker has the news {@link newsOfPauses}, and keeps it until it takes its news.
 *
 * @since 0.2.0
 * @category models
 */
export interface KindDriver {
  /** Stores a pause. One of the same kinds that is there stays as it is. */
  readonly pause: (pause: StoredPause) => Effect.Effect<void, TaskDriverError>

  /** Ends the pause of exactly these kinds; tells whether there was one. `now` is the time of the news. */
  readonly resume: (kinds: StoredKinds, now: number) => Effect.Effect<boolean, TaskDriverError>

  /** Reads all pauses, in any order. They are few. */
  readonly paused: () => Effect.Effect<ReadonlyArray<StoredPause>, TaskDriverError>
}

/**
 * What a worker finds among its news once kinds were paused or resumed. No task is called so: ids have no control characters.
 *
 * @since 0.2.0
 * @category constants
 */
export const newsOfPauses = "\u0001"

/**
 * Tells whether a task is of one of these kinds.
 *
 * @since 0.2.0
 * @category guards
 */
export const isOfKinds = (
  task: Pick<StoredTask, "originalMethod" | "name">,
  { name, originalMethod }: StoredKinds
): boolean => task.originalMethod.text === originalMethod.text && (name === undefined || task.name?.text === name?.text)

/**
 * Orders kinds by the bytes of their texts. No name comes first.
 *
 * @since 0.2.0
 * @category orders
 */
export const byKind = (left: StoredKinds, right: StoredKinds): number =>
  // The texts are ASCII.
  compare(left.originalMethod.text, right.originalMethod.text) || compare(left.name?.text ?? "", right.name?.text ?? "")

const compare = (left: string, right: string): number => left < right ? -1 : left > right ? 1 : 0

/**
 * Gives a text that only the same kinds have.
 *
 * @since 0.2.0
 * @category accessors
 */
export const kindsText = ({ name, originalMethod }: StoredKinds): string =>
  // Texts of JSON begin with a quotation mark.
  `${originalMethod.text} ${name === undefined ? "*" : name === null ? "-" : name.text}`
