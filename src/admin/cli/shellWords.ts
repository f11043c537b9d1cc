/**
 * A command as a person types it.
 *
 * @since 0.2.0
 */
import { safeJsonText } from "./safeText.ts"

/**
 * Writes words so that a shell reads them as they are, and a terminal obeys nothing in them.
 *
 * @since 0.2.0
 * @category conversions
 */
export const shellWords = (words: ReadonlyArray<string>): string => words.map(shellWord).join(" ")

const shellWord = (word: string): string => {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  if (!word.includes("\n") && safeJsonText(word) === word) return `'${word.replaceAll("'", "'\\''")}'`
  return `$'${safeJsonText(word.replaceAll(/[\\']/g, "\\$&")).replaceAll("\n", "\\n")}'`
}
