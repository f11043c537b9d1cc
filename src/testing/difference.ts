/**
 * Comparison of what a storage gave with what it should have given.
 *
 * @since 0.1.0
 */

/**
 * Says where two values differ, or `undefined` when they are the same: numbers to the sign of zero, strings to the code
 * unit, objects by their own keys in their order, dates and other class instances by the fields that they carry.
 *
 * @since 0.1.0
 * @category comparison
 */
export const difference = (actual: unknown, expected: unknown, path = ""): string | undefined => {
  const found = differenceAt(actual, expected)
  if (found === undefined) return undefined
  const where = path + found.path
  return `${where === "" ? "the value" : where} ${found.what()}`
}

/**
 * Tells whether two values are the same. It takes less time than to say where they differ.
 *
 * @since 0.2.0
 * @category comparison
 */
export const isSame = (actual: unknown, expected: unknown): boolean => differenceAt(actual, expected) === undefined

/** Where two values differ. Most that are compared are the same, and nothing is written of them. */
interface Difference {
  readonly path: string
  readonly what: () => string
}

const differenceAt = (actual: unknown, expected: unknown): Difference | undefined => {
  if (Object.is(actual, expected)) return undefined
  if (!isObject(actual) || !isObject(expected) || Array.isArray(actual) !== Array.isArray(expected)) {
    return { path: "", what: () => `is ${show(actual)}, not ${show(expected)}` }
  }
  const keys = Object.keys(actual)
  const expectedKeys = Object.keys(expected)
  if (keys.length !== expectedKeys.length || keys.some((key, index) => key !== expectedKeys[index])) {
    return { path: "", what: () => `has the keys ${show(keys)}, not ${show(expectedKeys)}` }
  }
  for (const key of keys) {
    const found = differenceAt(actual[key], expected[key])
    if (found !== undefined) return { ...found, path: `[${show(key)}]${found.path}` }
  }
  return undefined
}

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null

const shownLength = 400

/**
 * Writes a value for a person: short, on one line, with everything outside ASCII escaped.
 *
 * @since 0.1.0
 * @category comparison
 */
export const show = (value: unknown): string => {
  const text = (JSON.stringify(value) ?? String(value)).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
  )
  return text.length <= shownLength ? text : `${text.slice(0, shownLength)}… (${text.length} characters)`
}
