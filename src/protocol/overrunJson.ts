/**
 * The size of JSON that came from a client.
 *
 * @since 0.2.0
 */

/**
 * Bounds of a value.
 *
 * @since 0.2.0
 * @category models
 */
export interface JsonBounds {
  /** Of its text in UTF-8, with nothing escaped. */
  readonly bytes: number
  /** Levels of objects and arrays that are nested in each other. */
  readonly depth: number
}

/**
 * Tells which bound a value overruns first, if any. It looks no further then, and it nests no calls, so that no value of a client
 * costs much.
 *
 * @since 0.2.0
 * @category accessors
 */
export const overrunJson = (value: unknown, { bytes, depth }: JsonBounds): keyof JsonBounds | undefined => {
  /** The values that are left to look at, and how deep each is nested. */
  const values: Array<unknown> = [value]
  const levels: Array<number> = [0]
  let size = 0
  while (values.length > 0) {
    const next = values.pop()
    const level = (levels.pop() ?? 0) + 1
    if (typeof next === "string") size += utf8Bytes(next) + 2
    else if (typeof next !== "object" || next === null) size += String(next).length
    else if (level > depth) return "depth"
    else {
      const items: ReadonlyArray<unknown> = Array.isArray(next) ? next : Object.values(next)
      size += 2 + Math.max(0, items.length - 1)
      if (!Array.isArray(next)) { for (const key in next) size += utf8Bytes(key) + 3 }
      if (size > bytes) return "bytes"
      for (const item of items) {
        values.push(item)
        levels.push(level)
      }
    }
    if (size > bytes) return "bytes"
  }
  return undefined
}

const utf8Bytes = (text: string): number => {
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    // Each half of a pair takes two of the four bytes.
    if (unit > 0x7f) bytes += unit < 0x800 || isHalf(unit) ? 1 : 2
  }
  return bytes
}

const isHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff
