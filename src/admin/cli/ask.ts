/**
 * Asking a person before something is done that cannot be undone.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { CliTerminal } from "./CliTerminal.ts"
import { CommandEnded, exitCodes, usageError } from "./ExitCode.ts"

/**
 * Fails where nobody can be asked.
 *
 * @since 0.2.0
 * @category guards
 */
export const requirePerson: Effect.Effect<void, CommandEnded, CliTerminal> = Effect.gen(function*() {
  const { canAsk } = yield* CliTerminal
  if (!canAsk) {
    return yield* usageError(
      "Nobody can be asked here whether this is meant. Give --yes to do it, or --dry-run to see what it would do."
    )
  }
})

/**
 * Asks a question that only `y` or `yes` answers, and ends the command otherwise.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireYes = Effect.fnUntraced(function*(
  question: string
): Effect.fn.Return<void, CommandEnded, CliTerminal> {
  const { ask } = yield* CliTerminal
  const answer = (yield* ask(`${question} [y/N] `))?.trim().toLowerCase()
  if (answer === "y" || answer === "yes") return
  return yield* new CommandEnded({ code: exitCodes.failed, message: "Nothing was done." })
})
