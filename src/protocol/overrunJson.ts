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
export const overrunJson = (value: unknown, bounds: JsonBounds): keyof JsonBounds | undefined => {
  // Most values are far below their bounds, and need not be counted byte by byte.
  const atMost = overrun(value, bounds, utf8BytesAtMost)
  return atMost === "bytes" ? overrun(value, bounds, utf8Bytes) : atMost
}

const overrun = (
  value: unknown,
  { bytes, depth }: JsonBounds,
  bytesOf: (text: string) => number
): keyof JsonBounds | undefined => {
  /** The values that are left to look at, and how deep each is nested. */
  const values: Array<unknown> = [value]
  const levels: Array<number> = [0]
  let size = 0
  while (values.length > 0) {
    const next = values.pop()
    const level = (levels.pop() ?? 0) + 1
    if (typeof next === "string") size += bytesOf(next) + 2
    else if (typeof next !== "object" || next === null) size += String(next).length
    else if (level > depth) return "depth"
    else {
      const items: ReadonlyArray<unknown> = Array.isArray(next) ? next : Object.values(next)
      size += 2 + Math.max(0, items.length - 1)
      if (!Array.isArray(next)) { for (const key in next) size += bytesOf(key) + 3 }
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

const utf8BytesAtMost = (text: string): number => 3 * text.length

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
