/**
 * The changes of a task as an async iterator.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { TaskRecord } from "../domain/TaskRecord.ts"
import { plainCall, readCall } from "./callOptions.ts"
import { encodeTask } from "./codec.ts"
import type { PromiseCalls } from "./PromiseCalls.ts"
import type { CallOptions } from "./PromiseTaskStorage.ts"
import type { Task } from "./Task.ts"

/**
 * Iterates over a stream of records. Each iteration runs the stream anew, from its first `next` until it ends, is left,
 * or its signal is aborted.
 *
 * @since 0.1.0
 * @category constructors
 */
export const watchTask = <E>(
  calls: PromiseCalls,
  options: CallOptions | undefined,
  make: () => Stream.Stream<TaskRecord, E>
): AsyncIterable<Task> => ({
  [Symbol.asyncIterator]: () => {
    const left = new AbortController()
    const tasks = pullTasks(calls, options, make, left.signal)
    return {
      next: () => tasks.next(),
      return: () => {
        // A generator that waits for its task would hear of its return only with that task's next change.
        left.abort()
        return tasks.return(undefined)
      }
    }
  }
})

const pullTasks = async function*<E>(
  calls: PromiseCalls,
  options: CallOptions | undefined,
  make: () => Stream.Stream<TaskRecord, E>,
  left: AbortSignal
): AsyncGenerator<Task, undefined> {
  const { signal: given } = readCall(options, plainCall)
  const signal = given === undefined ? left : AbortSignal.any([given, left])
  const scope = Scope.makeUnsafe()
  try {
    const pull = await calls.wait("changes", { signal }, plainCall, () => Scope.provide(Stream.toPull(make()), scope))
    const next = Pull.catchDone(pull, () => Effect.undefined)
    while (true) {
      const records = await calls.wait("changes", { signal }, plainCall, () => next)
      if (records === undefined) return undefined
      for (const record of records) yield encodeTask(record)
    }
  } catch (error) {
    if (left.aborted) return undefined
    throw error
  } finally {
    await Effect.runPromise(Scope.close(scope, Exit.void))
  }
}
