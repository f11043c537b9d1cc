/**
 * Owners that a server tells of its requests.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { InvalidInput } from "../domain/TaskError.ts"
import { TaskFailure } from "../runner/TaskContext.ts"
import { type Anonymous, anonymous, type KnownOwner, parseOwner, type TaskOwner } from "./TaskOwner.ts"
import { failWire, internalError, type JsonRpcFailure, report, type WireError, wireError } from "./WireError.ts"

/**
 * What an owner function may give. A request without an owner is refused.
 *
 * @since 0.2.0
 * @category models
 */
export type GivenOwner = TaskOwner | Anonymous | null | undefined

/**
 * Checks the `owner` option of a server. Throws `InvalidInput`: without a compiler it is easily forgotten, and then everybody
 * would share the tasks of everybody.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireOwner = (owner: unknown): void => {
  if (typeof owner === "function" || owner === anonymous) return
  throw new InvalidInput({
    field: "owner",
    reason: "must be a function that gives the id of a user, or the `anonymous` of this module"
  })
}

/**
 * Gives whose the tasks of a request are. What the function throws refuses the request: a `TaskFailure`, or what
 * `shownError` takes for an error of the server's own, as it is; anything else as an internal error, which the operator hears.
 *
 * @since 0.2.0
 * @category accessors
 */
export const askOwner = <Args extends ReadonlyArray<unknown>>(
  owner: Anonymous | ((...args: Args) => GivenOwner | Promise<GivenOwner>),
  args: Args,
  shownError: (thrown: unknown) => JsonRpcFailure | undefined
): Effect.Effect<KnownOwner, WireError> =>
  typeof owner !== "function"
    ? knownOwner(owner)
    : Effect.suspend(() => {
      const refuse = (thrown: unknown): Effect.Effect<never, WireError> => {
        const shown = thrown instanceof TaskFailure ? thrown : shownError(thrown)
        return shown === undefined
          ? Effect.andThen(report(thrown), Effect.fail(internalError("Internal error")))
          : Effect.fail(wireError(shown))
      }
      try {
        const given = owner(...args)
        // Most owners are known at once, and need no turn of the event loop.
        return Predicate.isPromiseLike(given)
          ? Effect.matchEffect(Effect.tryPromise(async () => given), {
            onSuccess: knownOwner,
            onFailure: ({ cause }) => refuse(cause)
          })
          : knownOwner(given)
      } catch (thrown) {
        return refuse(thrown)
      }
    })

/**
 * Checks an owner that was given, and refuses the request where it is none.
 *
 * @since 0.2.0
 * @category parsers
 */
export const knownOwner = (given: unknown): Effect.Effect<KnownOwner, WireError> =>
  Effect.catch(parseOwner(given), failWire)
