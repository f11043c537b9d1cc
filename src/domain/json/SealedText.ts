/**
 * Payloads that were sealed before they were stored: how such a text begins, and which key it needs.
 *
 * Whether a text is sealed is known here, so that a storage without keys says what it needs. How it is sealed is not.
 *
 * @since 0.2.0
 */

/** JSON text begins so never. */
const prefix = "sealed"

/**
 * A text that was sealed: its version, the key that it needs, and what is sealed.
 *
 * @since 0.2.0
 * @category models
 */
export interface SealedParts {
  readonly version: string
  readonly keyId: string
  readonly body: string
}

/**
 * The longest id of a key.
 *
 * @since 0.2.0
 * @category constants
 */
export const maxKeyIdLength = 128

/**
 * Tells whether a text can be the id of a key: 1 to 128 letters, digits and `. _ : / @ + = ~ -`. The name of a key in a KMS is
 * one. No part of it between slashes is `..`: ids come out of the database, and a function of keys may make a path of one.
 *
 * @since 0.2.0
 * @category guards
 */
export const isKeyId = (id: unknown): id is string =>
  typeof id === "string" && id.length <= maxKeyIdLength && keyIdPattern.test(id)

const keyIdPattern = /^(?!(?:.*\/)?\.\.(?:\/|$))[A-Za-z0-9._:/@+=~-]+$/

/**
 * Tells whether a stored text is sealed.
 *
 * @since 0.2.0
 * @category guards
 */
export const isSealed = (text: string): boolean => text.startsWith(prefix)

/**
 * Gives the text under which sealed bytes are stored.
 *
 * @since 0.2.0
 * @category constructors
 */
export const joinSealed = ({ body, keyId, version }: SealedParts): string => `${prefix}${version}|${keyId}|${body}`

/**
 * Takes a sealed text apart. Gives `undefined` for any other one.
 *
 * @since 0.2.0
 * @category readers
 */
export const splitSealed = (text: string): SealedParts | undefined => {
  if (!isSealed(text)) return undefined
  const first = text.indexOf("|")
  const second = text.indexOf("|", first + 1)
  return first < 0 || second < 0
    ? undefined
    : { version: text.slice(prefix.length, first), keyId: text.slice(first + 1, second), body: text.slice(second + 1) }
}

/**
 * Gives the id of the key of a sealed text; `undefined` for any other text.
 *
 * @since 0.2.0
 * @category readers
 */
export const keyIdOf = (text: string): string | undefined => {
  if (!isSealed(text)) return undefined
  const first = text.indexOf("|")
  const second = text.indexOf("|", first + 1)
  return first < 0 || second < 0 ? undefined : text.slice(first + 1, second)
}

/**
 * A payload is sealed, and was read as if it were not. The message says what to do, without its full stop.
 *
 * @since 0.2.0
 * @category errors
 */
export class StillSealed extends Error {
  override readonly name = "StillSealed"

  constructor(text: string) {
    const keyId = keyIdOf(text)
    super(
      isKeyId(keyId)
        ? `a payload is sealed with the key "${keyId}", and cannot be opened here; ` +
          "give the layer the option encryption with this key"
        : "a payload is sealed, and its text was changed; restore it from a backup, or delete the task"
    )
  }
}
