/**
 * A line on standard error that says how far a command is, and that the next one replaces.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { CliTerminal } from "./CliTerminal.ts"
import { fitted } from "./fitted.ts"
import { safeLine } from "./safeText.ts"

/**
 * A line that is shown where somebody looks at a terminal, and nowhere else.
 *
 * @since 0.2.0
 * @category models
 */
export interface StatusLine {
  readonly show: (text: string) => Effect.Effect<void>
  readonly clear: Effect.Effect<void>
}

const eraseLine = "\r\u001b[K"

/**
 * Makes a line that says how far a command is.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeStatusLine: Effect.Effect<StatusLine, never, CliTerminal> = Effect.map(
  CliTerminal,
  ({ err, errColumns }) => {
    let isShown = false
    return {
      show: (text) =>
        Effect.suspend(() => {
          const columns = errColumns()
          if (columns === undefined) return Effect.void
          isShown = true
          return err(`${eraseLine}${fitted(safeLine(text), columns - 1)}`)
        }),
      clear: Effect.suspend(() => {
        if (!isShown) return Effect.void
        isShown = false
        return err(eraseLine)
      })
    }
  }
)
