/**
 * A command as a person types it.
 *
 * @since 0.2.0
 */
import { safeLine } from "./safeText.ts"

/**
 * Writes words so that a shell reads them as they are.
 *
 * @since 0.2.0
 * @category conversions
 */
export const shellWords = (words: ReadonlyArray<string>): string =>
  words
    .map((word) => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${safeLine(word).replaceAll("'", "'\\''")}'`)
    .join(" ")
