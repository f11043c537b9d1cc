/**
 * Owners that a server tells of its requests.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { InvalidInput } from "../domain/task/TaskError.ts"
import { TaskFailure } from "../runner/handler/TaskContext.ts"
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
 * The function is called at once. Most owners are known then, which gives an `Exit`.
 *
 * @since 0.2.0
 * @category accessors
 */
export const askOwner = <Args extends ReadonlyArray<unknown>>(
  owner: Anonymous | ((...args: Args) => GivenOwner | Promise<GivenOwner>),
  args: Args,
  shownError: (thrown: unknown) => JsonRpcFailure | undefined
): Effect.Effect<KnownOwner, WireError> => {
  if (typeof owner !== "function") return knownOwner(owner)
  try {
    const given = owner(...args)
    if (!Predicate.isPromiseLike(given)) return knownOwner(given)
    const asked = Promise.resolve(given)
    // A request that ends before it waits for this must not end the process.
    asked.catch(() => undefined)
    return Effect.matchEffect(Effect.tryPromise(() => asked), {
      onSuccess: knownOwner,
      onFailure: ({ cause }) => refuseThrown(cause, shownError)
    })
  } catch (thrown) {
    return refuseThrown(thrown, shownError)
  }
}

const refuseThrown = (
  thrown: unknown,
  shownError: (thrown: unknown) => JsonRpcFailure | undefined
): Effect.Effect<never, WireError> => {
  const shown = thrown instanceof TaskFailure ? thrown : shownError(thrown)
  return shown === undefined
    ? Effect.andThen(report(thrown), Effect.fail(internalError("Internal error")))
    : Effect.fail(wireError(shown))
}

/**
 * Checks an owner that was given, and refuses the request where it is none.
 *
 * @since 0.2.0
 * @category parsers
 */
export const knownOwner = (given: unknown): Effect.Effect<KnownOwner, WireError> =>
  Effect.catchEager(parseOwner(given), (error) => failWire(error))
