/**
 * The flags of commands that do something with many tasks.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import type * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { filterFlags } from "./filterFlags.ts"
import { portionFlags } from "./portionFlags.ts"

/**
 * A flag that is off unless it is given.
 *
 * @since 0.2.0
 * @category flags
 */
export const switchFlag = (name: string, description: string): Flag.Flag<boolean> =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withoutNegation, Flag.withDefault(false))

/**
 * The flags that say how a command goes on, and whether it asks.
 *
 * @since 0.2.0
 * @category flags
 */
export const consentFlags = {
  dryRun: switchFlag("dry-run", "Change nothing, and tell what would be done"),
  yes: switchFlag("yes", "Do not ask; needed where nobody can answer").pipe(Flag.withAlias("y"))
}

/**
 * The flags of commands that do something with many tasks. The order is that of help.
 *
 * @since 0.2.0
 * @category flags
 */
export const bulkFlags = {
  ids: Argument.String("id").pipe(
    Argument.withDescription("The ids of tasks, or ends of them. Without one, the filter says which tasks"),
    Argument.variadic()
  ),
  ...filterFlags,
  all: switchFlag("all", "All tasks; a command without a filter is refused otherwise"),
  ...portionFlags,
  ...consentFlags
}

/**
 * What these flags give.
 *
 * @since 0.2.0
 * @category models
 */
export type BulkInput = Command.Command.Config.Infer<typeof bulkFlags>
