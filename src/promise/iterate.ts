/**
 * Streams as async iterators.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { OptionNames } from "../domain/options/optionNames.ts"
import { plainCall, type ReadCall, readCall } from "./callOptions.ts"
import type { CallOptions } from "./PromiseCallOptions.ts"
import type { PromiseCalls } from "./PromiseCalls.ts"

/** What is iterated: its name, and whether it waits for others, or writes by itself. */
interface Iterated {
  readonly name: string
  readonly kind?: "wait" | "read" | "write"
}

/**
 * Iterates over a stream. Each iteration runs the stream anew, from its first `next` until it ends,
 * is left, or its signal is aborted. `make` gets what the options hold beside the signal, and may throw `InvalidInput`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const iterate = <Options extends CallOptions, A, E>(
  { kind = "wait", name }: Iterated,
  calls: PromiseCalls,
  options: Options | undefined,
  names: OptionNames<NoInfer<Options>>,
  make: (own: ReadCall<Options>["own"]) => Stream.Stream<A, E>
): AsyncIterable<A> => ({
  [Symbol.asyncIterator]: () => {
    const left = new AbortController()
    const items = pullItems({ kind, name }, calls, options, names, make, left.signal)
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

const pullItems = async function*<Options extends CallOptions, A, E>(
  { kind, name }: Required<Iterated>,
  calls: PromiseCalls,
  options: Options | undefined,
  names: OptionNames<NoInfer<Options>>,
  make: (own: ReadCall<Options>["own"]) => Stream.Stream<A, E>,
  left: AbortSignal
): AsyncGenerator<A, undefined> {
  const { own, signal: given } = readCall(options, names)
  const signal = given === undefined ? left : AbortSignal.any([given, left])
  const scope = Scope.makeUnsafe()
  try {
    const pull = await calls[kind](
      name,
      { signal },
      plainCall,
      () => Scope.provide(Stream.toPull(make(own)), scope),
      identity
    )
    const next = Pull.catchDone(pull, () => Effect.undefined)
    while (true) {
      const items = await calls[kind](name, { signal }, plainCall, () => next, identity)
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
