/**
 * The flags that name a kind of tasks.
 *
 * @since 0.2.0
 */
import type * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TaskKind } from "../../domain/options/TaskOptions.ts"
import { switchFlag } from "./bulkFlags.ts"
import { type CommandEnded, usageError } from "./ExitCode.ts"

const usualMethod = "tools/call"

/**
 * The flags that name a kind of tasks.
 *
 * @since 0.2.0
 * @category flags
 */
export const kindFlags = {
  name: Flag.String("name").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("The tasks of this name, such as that of a tool"),
    Flag.optional
  ),
  unnamed: switchFlag("unnamed", "The tasks without a name"),
  method: Flag.String("method").pipe(
    Flag.withMetavar("METHOD"),
    Flag.withDescription(
      `The tasks of this method: ${usualMethod} by default, if a name is given. Without a name, of every name`
    ),
    Flag.optional
  )
}

/**
 * Reads a kind of tasks.
 *
 * @since 0.2.0
 * @category parsers
 */
export const readKind = Effect.fnUntraced(function*(
  { method, name, unnamed }: Command.Command.Config.Infer<typeof kindFlags>
): Effect.fn.Return<TaskKind, CommandEnded> {
  if (unnamed && Option.isSome(name)) {
    return yield* usageError("Tasks cannot have the name of --name and no name, as --unnamed says. Give one of them.")
  }
  if (!unnamed && Option.isNone(name) && Option.isNone(method)) {
    return yield* usageError("Which tasks? Give --name, --unnamed or --method.")
  }
  return {
    method: Option.getOrElse(method, () => usualMethod),
    ...(unnamed ? { name: null } : Option.isSome(name) ? { name: name.value } : {})
  }
})

/**
 * Names a kind of tasks for a person.
 *
 * @since 0.2.0
 * @category conversions
 */
export const shownKind = ({ method, name }: TaskKind): string =>
  name === undefined
    ? `all tasks of ${method}`
    : name === null
    ? `tasks of ${method} without a name`
    : `${name} (${method})`
