/**
 * Where a call was made.
 *
 * @since 0.2.0
 */
import { isTaskStorageError } from "../domain/task/TaskError.ts"

/**
 * The place in the program that a call came from. The error that the call may reject with shows it. Otherwise its stack would
 * begin in the run loop of Effect, which means nothing to its reader.
 *
 * @since 0.2.0
 * @category models
 */
export class CallSite {
  /** Written by the runtime, and turned into text only when it is read. */
  declare readonly stack: string | undefined

  /**
   * Remembers the present stack without `entry` and what it called.
   */
  constructor(entry: CallableFunction) {
    Error.captureStackTrace(this, entry)
  }

  /**
   * Gives the error with the stack of this place.
   */
  shownIn<E extends Error>(error: E): E {
    const { stack = "" } = this
    const value = `${error.name}: ${error.message}${stack.slice(stack.indexOf("\n"))}`
    return stack === "" ? error : Object.defineProperty(error, "stack", { value, configurable: true, writable: true })
  }
}

/**
 * Runs what the function `entry` does. The errors of the library that it rejects with show where `entry` was called.
 *
 * @since 0.2.0
 * @category accessors
 */
export const showingCaller = async <A>(entry: CallableFunction, run: () => Promise<A>): Promise<A> => {
  const site = new CallSite(entry)
  try {
    return await run()
  } catch (error) {
    throw isTaskStorageError(error) ? site.shownIn(error) : error
  }
}
