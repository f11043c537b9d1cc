/**
 * How far two clocks are apart.
 *
 * @since 0.2.0
 */

/**
 * Gives by how many milliseconds the clock of an engine is ahead at the least. The engine told its time between two moments of this
 * process, and may have told it at any of them, however long its answer took.
 *
 * @since 0.2.0
 * @category accessors
 */
export const skewOf = (engineTime: number, before: number, after: number): number =>
  engineTime - Math.min(Math.max(engineTime, before), after)
