/**
 * JSON that comes back word for word from any engine.
 *
 * Engines change JSON that they understand: they reorder keys, refuse `\u0000` or replace lone surrogates. So a backend
 * never sees a value, only text in which everything outside ASCII is escaped.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Json, JsonObject } from "effect/Schema"
import { isPlainObject } from "./isPlainObject.ts"
import { parseJsonText } from "./JsonText.ts"
import { isSealed, StillSealed } from "./SealedText.ts"

/**
 * The deepest nesting of arrays and objects that is stored.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxDepth = 500

/**
 * The largest limit there can be for the size of a payload, in bytes: far below what a string can hold.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxBytes = 2 ** 26

type Container = Array<Json> | { [key: string]: Json }

/**
 * Why a value cannot be stored, and where in it: the keys and indexes that lead there.
 *
 * @since 0.2.0
 * @category models
 */
export interface NotJson {
  readonly reason: string
  readonly path: ReadonlyArray<string | number>
}

/**
 * A JSON value as it is stored: an opaque box that a backend keeps as {@link StoredJson.text}.
 *
 * @since 0.1.0
 * @category models
 */
export class StoredJson {
  #value: Json | undefined
  #text: string | undefined
  #bound: number
  readonly #isOversized: boolean
  /**
   * How many bytes the engine has for it, where that is not the size of this text: it was sealed.
   */
  readonly storedBytes: number | undefined

  private constructor(
    value: Json | undefined,
    text: string | undefined,
    bound: number,
    isOversized = false,
    storedBytes?: number
  ) {
    this.#value = value
    this.#text = text
    this.#bound = bound
    this.#isOversized = isOversized
    this.storedBytes = storedBytes
  }

  /**
   * Takes a private copy of a value, or says what in it JSON cannot carry. A property that is `undefined` counts as
   * absent and `-0` as `0`, as in JSON. It may be nested `levels` deep. For a value larger than {@link maxBytes} only the
   * size is kept, and every limit refuses it.
   */
  static fromValue(value: unknown, levels: number = maxDepth): Result.Result<StoredJson, NotJson> {
    if (typeof value === "string" && value.length <= maxBytes) return Result.succeed(StoredJson.fromString(value))
    const copier = new Copier()
    try {
      const copy = copier.copy(value, levels)
      if (copier.least > maxBytes) return Result.succeed(new StoredJson(null, "null", copier.least, true))
      return copy === undefined
        ? Result.fail({ reason: copier.reason, path: copier.path })
        : Result.succeed(new StoredJson(copy, undefined, copier.bound))
    } catch (error) {
      return Result.fail({ reason: `reading it threw ${nameOfThrown(error)}`, path: [] })
    }
  }

  /**
   * Takes a string that is no longer than {@link maxBytes}.
   */
  static fromString(value: string): StoredJson {
    return new StoredJson(value, undefined, 6 * value.length + 2)
  }

  /**
   * Takes a string that many tasks have, such as the name of a tool. They share one box, as long as it is among the latest ones.
   */
  static shared(value: string): StoredJson {
    let box = sharedBoxes.get(value)
    if (box === undefined) {
      box = StoredJson.fromString(value)
      if (sharedBoxes.size === mostShared) sharedBoxes.clear()
      sharedBoxes.set(value, box)
    }
    return box
  }

  /**
   * Takes over a value that is known to be JSON and that nobody else holds.
   */
  static fromJson(value: Json): StoredJson {
    return StoredJson.fromText(escapeToAscii(JSON.stringify(value)))
  }

  /**
   * Takes text that {@link StoredJson.text} gave, as a backend read it back.
   */
  static fromText(text: string): StoredJson {
    return new StoredJson(undefined, text, text.length)
  }

  /**
   * Takes text that {@link StoredJson.text} gave, which the engine has in another form of so many bytes. What was opened is
   * kept and read again, so that once it was decoded, its value takes the place of the text.
   */
  static opened(text: string, storedBytes: number): StoredJson {
    return new StoredJson(undefined, text, text.length, false, storedBytes)
  }

  /**
   * Gives the same value, which the engine has in another form of so many bytes.
   */
  storedAs(storedBytes: number): StoredJson {
    return new StoredJson(this.#value, this.#text, this.#bound, this.#isOversized, storedBytes)
  }

  /**
   * The value as JSON text of printable ASCII characters only.
   */
  get text(): string {
    if (this.#text === undefined) {
      this.#text = escapeToAscii(JSON.stringify(this.#value))
      this.#bound = this.#text.length
    }
    return this.#text
  }

  /**
   * The exact size in bytes: {@link StoredJson.text} is ASCII, so its length is its size in UTF-8.
   */
  get bytes(): number {
    return this.#isOversized ? this.#bound : this.text.length
  }

  /**
   * An upper bound of {@link StoredJson.bytes}, known without writing the text.
   */
  get bytesAtMost(): number {
    return this.#bound
  }

  /**
   * Gives a text that the value, an object, holds under a key of its own.
   */
  ownText(key: string): string | undefined {
    const value = this.#value === undefined ? this.decode() : this.#value
    if (typeof value !== "object" || value === null || isArray(value) || !Object.hasOwn(value, key)) return undefined
    const text = value[key]
    return typeof text === "string" ? text : undefined
  }

  /**
   * Gives a fresh copy of the value, which the caller may change. Throws a `StillSealed` when the text is sealed, and a
   * `SyntaxError` when an engine gave back text that is not JSON. `copy` copies a value that stays here.
   */
  decode(copy: (value: Json) => Json = copyJson): Json {
    if (this.#value !== undefined) return copy(this.#value)
    const value = parseJsonText(unsealed(this.text))
    if (this.storedBytes === undefined) return value
    this.#value = value
    this.#text = undefined
    return copy(value)
  }
}

/** There are few methods and tools, and whoever sends many names must not fill the memory with them. */
const mostShared = 256
const sharedBoxes = new Map<string, StoredJson>()

const unsealed = (text: string): string => {
  if (isSealed(text)) throw new StillSealed(text)
  return text
}

const escapeToAscii = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- everything outside printable ASCII is what is searched for
  text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)

/**
 * Copies a value, so that the copy may be changed.
 *
 * @since 0.2.0
 * @category combinators
 */
export function copyJson(value: JsonObject): JsonObject
export function copyJson(value: Json): Json
export function copyJson(value: Json): Json {
  if (value === null || typeof value !== "object") return value
  // Copying all at once and then what is nested is twice as fast as item by item.
  if (isArray(value)) {
    const copy = value.slice()
    for (let index = 0; index < copy.length; index++) {
      const item = copy[index]
      if (typeof item === "object") copy[index] = copyJson(item)
    }
    return copy
  }
  const copy: { [key: string]: Json } = { ...value }
  for (const key in copy) {
    const item = copy[key]
    if (typeof item === "object") setOwn(copy, key, copyJson(item))
  }
  return copy
}

const isArray: (value: Json) => value is ReadonlyArray<Json> = Array.isArray

/** Plain assignment to `__proto__` would set the prototype. */
const setOwn = (target: { [key: string]: Json }, key: string, value: Json): void => {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    target[key] = value
  }
}

/** One for all, since few values cannot be copied. */
const nowhere: NotJson["path"] = []

/** A list would take room for many, and most values are nested in few. */
interface Ancestors {
  readonly value: object
  readonly outer: Ancestors | undefined
}

const isAmong = (ancestors: Ancestors | undefined, value: object): boolean => {
  for (let each = ancestors; each !== undefined; each = each.outer) if (each.value === value) return true
  return false
}

/** Arrays that are longer grow as they are copied, for a length is easily given. */
const longestReserved = 1_000

/** Copies a value of unknown origin, giving `undefined` with a `reason` when JSON cannot carry it. */
class Copier {
  reason = ""
  /** Where it is that cannot be copied; filled in on the way back. */
  path: NotJson["path"] = nowhere
  /** The text takes at most `bound` bytes and at least `least`. */
  bound = 0
  least = 0
  /** The containers that the present value is in, the nearest one first. */
  #ancestors: Ancestors | undefined

  copy(value: unknown, levels: number): Json | undefined {
    switch (typeof value) {
      case "string":
        this.bound += 6 * value.length + 2
        this.least += value.length + 2
        return this.least > maxBytes ? this.#refuse("it is too large") : value
      case "number":
        this.bound += 25
        this.least += Number.isInteger(value) && Math.abs(value) < 1e9 ? 1 : 3
        if (!Number.isFinite(value)) return this.#refuse(`${value} is not a JSON number; send null or a string`)
        return value === 0 ? 0 : value
      case "boolean":
        this.bound += 5
        return value
      case "object":
        if (value === null) {
          this.bound += 4
          return null
        }
        return this.#container(value, levels)
      default:
        return this.#refuse(`${typeof value} is not JSON`)
    }
  }

  #container(value: object, levels: number): Json | undefined {
    if (levels === 0) return this.#refuse(`it is nested deeper than ${maxDepth} levels`)
    const ancestors = this.#ancestors
    if (isAmong(ancestors, value)) return this.#refuse("it contains itself")
    if ("toJSON" in value && typeof value.toJSON === "function") {
      return this.#refuse(`a ${nameOf(value)} is not JSON; convert it first`)
    }
    this.#ancestors = { value, outer: ancestors }
    this.bound += 2
    this.least += 2
    if (this.least > maxBytes) return this.#refuse("it is too large")
    const copy: Container | undefined = Array.isArray(value)
      ? this.#array(value, levels - 1)
      : this.#object(value, levels - 1)
    this.#ancestors = ancestors
    return copy
  }

  #array(value: ReadonlyArray<unknown>, levels: number): Array<Json> | undefined {
    const { length } = value
    const copy = new Array<Json>(Math.min(length, longestReserved))
    for (let index = 0; index < length; index++) {
      const item = this.copy(value[index], levels)
      if (item === undefined) return this.#at(index)
      this.bound += 1
      copy[index] = item
    }
    return copy
  }

  #object(value: object, levels: number): { [key: string]: Json } | undefined {
    if (!isPlainObject(value)) return this.#refuse(`a ${nameOf(value)} is not JSON; convert it to a plain object first`)
    const copy: { [key: string]: Json } = {}
    // Without an array of keys, since every payload comes by here.
    for (const key in value) {
      if (!Object.hasOwn(value, key)) continue
      const item = value[key]
      if (item === undefined) continue
      const copied = this.copy(item, levels)
      if (copied === undefined) return this.#at(key)
      this.bound += 6 * key.length + 4
      this.least += key.length + 3
      setOwn(copy, key, copied)
    }
    return copy
  }

  #at(place: string | number): undefined {
    this.path = [place, ...this.path]
    return undefined
  }

  #refuse(reason: string): undefined {
    this.reason = reason
    return undefined
  }
}

/** A thrown value may throw again when it is read. */
const nameOfThrown = (thrown: unknown): string => {
  try {
    return thrown instanceof Error ? thrown.name : "an exception"
  } catch {
    return "an exception"
  }
}

const nameOf = (value: object): string => {
  const constructor: unknown = value.constructor
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "class instance"
}
