/**
 * How many parts a payload may have. It is kept as one document, and each new part reads through it.
 *
 * @since 0.2.0
 */
import { InvalidInput } from "./TaskError.ts"

/**
 * The most steps that a task keeps.
 *
 * @since 0.2.0
 * @category constants
 */
export const maxSteps = 1_000

/**
 * The most keys that a task asks for input under, in its whole life.
 *
 * @since 0.2.0
 * @category constants
 */
export const maxInputKeys = 1_000

/**
 * Gives the error for too many steps. A task that has more already may keep them.
 *
 * @since 0.2.0
 * @category guards
 */
export const tooManySteps = (field: string, steps: number, before: number): InvalidInput | undefined =>
  steps <= Math.max(maxSteps, before) ? undefined : new InvalidInput({
    field,
    reason: `would make ${steps} steps, and a task keeps at most ${maxSteps}; store the results of several steps as one`
  })

/**
 * Gives the error for too many input keys. A task that has more already may keep them.
 *
 * @since 0.2.0
 * @category guards
 */
export const tooManyKeys = (field: string, keys: number, before: number): InvalidInput | undefined =>
  keys <= Math.max(maxInputKeys, before) ? undefined : new InvalidInput({
    field,
    reason: `would make ${keys} questions, and a task asks at most ${maxInputKeys} in its life; ask several in one`
  })
