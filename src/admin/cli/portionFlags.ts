/**
 * The flags of work that is done in portions: how much of it, and from where on.
 *
 * @since 0.2.0
 */
import * as Flag from "effect/cli/Flag"

/**
 * @since 0.2.0
 * @category flags
 */
export const portionFlags = {
  limit: Flag.Int("limit").pipe(
    Flag.filter((limit) => limit > 0, () => "a positive number"),
    Flag.withMetavar("NUMBER"),
    Flag.withDescription("At most so many tasks of the filter"),
    Flag.optional
  ),
  cursor: Flag.String("cursor").pipe(
    Flag.withMetavar("CURSOR"),
    Flag.withDescription("Go on where the run before stopped, with the flags that it told"),
    Flag.optional
  )
}

/**
 * Gives how much is left of a limit, if there is one, after so many tasks.
 *
 * @since 0.2.0
 * @category accessors
 */
export const restOf = (limit: number | undefined, tasks: number): number | undefined =>
  limit === undefined ? undefined : Math.max(0, limit - tasks)
