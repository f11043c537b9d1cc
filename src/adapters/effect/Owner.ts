/**
 * Whose a task is.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type { JsonRpcFailure } from "./WireError.ts"

/**
 * Says that requests are not authenticated.
 *
 * @since 0.2.0
 * @category models
 */
export interface Anonymous {
  readonly _tag: "Anonymous"
}

/**
 * Binds tasks to nobody: whoever knows the id of a task may read and cancel it. Ids cannot be guessed, and there is no
 * `tasks/list`, which would tell them.
 *
 * @since 0.2.0
 * @category constructors
 */
export const anonymous: Anonymous = { _tag: "Anonymous" }

/**
 * Gives the id of the authenticated principal, 1 to 255 characters, or fails with the error that the client sees. It runs
 * on every call of a tool that may become a task and on every request for a task; what it needs is taken from the request.
 *
 * @since 0.2.0
 * @category models
 */
export type Owner<R = never> = Effect.Effect<string, JsonRpcFailure, R> | Anonymous

/** Tells whether tasks are bound to nobody. */
export const isAnonymous = <R>(owner: Owner<R>): owner is Anonymous => owner === anonymous
