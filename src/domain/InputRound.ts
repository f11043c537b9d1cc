/**
 * The keyed maps of an input round, in their stored form.
 *
 * @since 0.1.0
 */
import type { Json } from "effect/Schema"
import { StoredJson } from "./StoredJson.ts"
import type { StoredTask } from "./StoredTask.ts"

type Entries = ReadonlyArray<readonly [key: string, value: Json]>

/**
 * Reads a stored map; an absent one is empty.
 *
 * @since 0.1.0
 * @category accessors
 */
export const entriesOf = (map: StoredJson | null): Entries => {
  const value = map?.decode() ?? null
  return value === null || typeof value !== "object" ? [] : Object.entries(value)
}

/**
 * Reads the keys of a stored map.
 *
 * @since 0.1.0
 * @category accessors
 */
export const keysOf = (map: StoredJson | null): ReadonlyArray<string> => entriesOf(map).map(([key]) => key)

/**
 * Makes a stored map of entries.
 *
 * @since 0.1.0
 * @category constructors
 */
export const mapOf = (entries: Entries): StoredJson => StoredJson.fromJson(Object.fromEntries(entries))

/**
 * Adds entries to a stored map.
 *
 * @since 0.1.0
 * @category combinators
 */
export const addEntries = (map: StoredJson | null, entries: Entries): StoredJson =>
  mapOf([...entriesOf(map), ...entries])

/**
 * Lists every key under which a task ever asked for input, answered or not.
 *
 * @since 0.1.0
 * @category accessors
 */
export const usedKeys = (
  task: Pick<StoredTask, "inputKeys" | "inputRequests" | "inputResponses">
): ReadonlySet<string> => {
  const asked = task.inputKeys?.decode() ?? []
  return new Set([
    ...(Array.isArray(asked) ? asked.filter((key) => typeof key === "string") : []),
    ...keysOf(task.inputRequests),
    ...keysOf(task.inputResponses)
  ])
}

/**
 * Gives the used keys of a task with more of them, in their stored form.
 *
 * @since 0.1.0
 * @category combinators
 */
export const addUsedKeys = (
  task: Pick<StoredTask, "inputKeys" | "inputRequests" | "inputResponses">,
  keys: ReadonlyArray<string>
): StoredJson => StoredJson.fromJson([...new Set([...usedKeys(task), ...keys])])
