/** Everything of an error that somebody may print. */
import { inspect } from "node:util"

export const exposed = (error: unknown): string => {
  const seen = new Set<unknown>()
  const texts: Array<string> = []
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return
    seen.add(value)
    texts.push(String(value), inspect(value, { depth: Infinity, showHidden: true, getters: true }))
    if (value instanceof Error) texts.push(value.message, value.stack ?? "")
    for (const key of Reflect.ownKeys(value)) look(Reflect.get(value, key))
  }
  look(error)
  return [JSON.stringify(error), ...texts].join("\n")
}
