/**
 * The runners behind promise facades, for what else of this library stands on them.
 *
 * @since 0.2.0
 */
import type { OpenedRunner } from "./openRunner.ts"
import type { PromiseTaskRunner } from "./PromiseTaskRunner.ts"

const opened = new WeakMap<object, OpenedRunner>()

/**
 * Remembers what a facade stands on.
 *
 * @since 0.2.0
 * @category accessors
 */
export const rememberRunner = (facade: PromiseTaskRunner, runner: OpenedRunner): void => {
  opened.set(facade, runner)
}

/**
 * Gives what a facade stands on; `undefined` for anything else.
 *
 * @since 0.2.0
 * @category accessors
 */
export const openedRunner = (facade: unknown): OpenedRunner | undefined =>
  typeof facade === "object" && facade !== null ? opened.get(facade) : undefined
