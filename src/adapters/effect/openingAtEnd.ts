/**
 * Clients that go away: on standard input and output the server hears of it by the end of its input.
 *
 * @since 0.2.0
 */
import type * as Latch from "effect/Latch"
import type { Stdio } from "effect/Stdio"
import * as Stream from "effect/Stream"

/**
 * Makes the end of the input open a latch.
 *
 * @since 0.2.0
 * @category combinators
 */
export const openingAtEnd = (stdio: Stdio, latch: Latch.Latch): Stdio => ({
  ...stdio,
  stdin: Stream.ensuring(stdio.stdin, latch.open)
})
