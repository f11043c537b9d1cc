/**
 * The keys of an input round.
 *
 * @since 0.1.0
 */
import { StoredJson } from "../json/StoredJson.ts"
import { keysOf } from "../json/StoredMap.ts"
import type { StoredTask } from "./StoredTask.ts"

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
 * Gives keys in their stored form.
 *
 * @since 0.2.0
 * @category constructors
 */
export const storedKeys = (keys: ReadonlySet<string>): StoredJson => StoredJson.fromJson([...keys])
