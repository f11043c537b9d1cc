/**
 * Services that are known to be there, where the types do not tell.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"

/**
 * Makes what gives a context the type of services that it is known to have. It is the same context: another one with one service
 * more is copied as a whole once in a while, with all that a request has.
 *
 * @since 0.2.0
 * @category constructors
 */
export const declaring = <R>(): <Own>(own: Context.Context<Own>) => Context.Context<Own | R> => {
  const none = Context.makeUnsafe<R>(new Map())
  return (own) => Context.merge(none, own)
}
