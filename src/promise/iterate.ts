/**
 * Streams as async iterators.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { plainCall, readCall } from "./callOptions.ts"
import type { PromiseCalls } from "./PromiseCalls.ts"
import type { CallOptions } from "./PromiseTaskStorage.ts"

/**
 * Iterates over a stream. Each iteration runs the stream anew, from its first `next` until it ends,
 * is left, or its signal is aborted.
 *
 * @since 0.1.0
 * @category constructors
 */
export const iterate = <A, E>(
  operation: string,
  calls: PromiseCalls,
  options: CallOptions | undefined,
  make: () => Stream.Stream<A, E>
): AsyncIterable<A> => ({
  [Symbol.asyncIterator]: () => {
    const left = new AbortController()
    const items = pullItems(operation, calls, options, make, left.signal)
    return {
      next: () => items.next(),
      return: () => {
        // A generator that waits for an item would hear of its return only with the next one.
        left.abort()
        return items.return(undefined)
      }
    }
  }
})

const pullItems = async function*<A, E>(
  operation: string,
  calls: PromiseCalls,
  options: CallOptions | undefined,
  make: () => Stream.Stream<A, E>,
  left: AbortSignal
): AsyncGenerator<A, undefined> {
  const { signal: given } = readCall(options, plainCall)
  const signal = given === undefined ? left : AbortSignal.any([given, left])
  const scope = Scope.makeUnsafe()
  try {
    const pull = await calls.wait(operation, { signal }, plainCall, () => Scope.provide(Stream.toPull(make()), scope))
    const next = Pull.catchDone(pull, () => Effect.undefined)
    while (true) {
      const items = await calls.wait(operation, { signal }, plainCall, () => next)
      if (items === undefined) return undefined
      yield* items
    }
  } catch (error) {
    if (left.aborted) return undefined
    throw error
  } finally {
    await Effect.runPromise(Scope.close(scope, Exit.void))
  }
}
