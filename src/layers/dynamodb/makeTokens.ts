/**
 * Texts by which a write is recognised.
 *
 * @since 0.1.0
 */
import { randomUUID } from "node:crypto"

/**
 * Gives a function that gives each write a text of its own, in all processes. The texts are short enough for the tokens of
 * transactions.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTokens = (): () => string => {
  // One random number for all, because drawing one for each write would cost more.
  const origin = randomUUID().replaceAll("-", "").slice(0, 22)
  let count = 0
  return () => `${origin}.${(count++).toString(36)}`
}
