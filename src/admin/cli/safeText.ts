/**
 * Text that a terminal shows and does not obey.
 *
 * Names, messages and payloads come from clients of a server. A control character among them could move the cursor, change the
 * title or fake a line; a character that changes the direction of text could show something else than there is.
 *
 * @since 0.2.0
 */

/** Control characters but the line feed, marks that change the direction of text, separators of lines, and lone surrogates. */
const unsafe =
  // oxlint-disable-next-line no-control-regex -- control characters are what is searched for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu

/** As JSON writes it, so that a reader sees what is stored. */
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

/**
 * Gives a text of several lines without what a terminal would obey.
 *
 * @since 0.2.0
 * @category conversions
 */
export const safeLines = (text: string): string => text.replaceAll("\t", "  ").replaceAll(unsafe, escaped)

/**
 * Gives a text as one line, without what a terminal would obey.
 *
 * @since 0.2.0
 * @category conversions
 */
export const safeLine = (text: string): string => safeLines(text).replaceAll("\n", "\\n")

/**
 * Gives JSON in which everything that a terminal would obey is escaped. It is the same JSON.
 *
 * @since 0.2.0
 * @category conversions
 */
export const safeJsonText = (json: string): string => json.replaceAll(unsafe, escaped)

/**
 * Gives a value as JSON in one line, in which everything that a terminal would obey is escaped. It is the same JSON.
 *
 * @since 0.2.0
 * @category conversions
 */
export const safeJson = (value: unknown, indent?: number): string =>
  safeJsonText(JSON.stringify(value, undefined, indent) ?? "null")

/**
 * Hides the passwords of URLs, and what else could be one: the parameters of their query that are called so.
 *
 * @since 0.2.0
 * @category conversions
 */
export const withoutPasswords = (text: string): string =>
  text
    .replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s]*@/gi, "$1:***@")
    .replaceAll(/([?&](?:password|secret|token)=)[^&\s"']+/gi, "$1***")

/**
 * Hides the password of one URL, spaces in it or not. Behind `sqlite:` is a path, which has none.
 *
 * @since 0.2.0
 * @category conversions
 */
export const safeUrl = (url: string): string =>
  /^sqlite:/i.test(url) ? url : withoutPasswords(url.replaceAll(/\s/g, encodeURIComponent))
