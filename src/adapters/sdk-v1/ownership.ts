/**
 * Whose the tasks of a request are.
 *
 * @since 0.2.0
 */
import type { AuthInfo } from "@modelcontextprotocol/sdk/server/auth/types.js"
import { McpError, type RequestInfo } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import { AsyncLocalStorage } from "node:async_hooks"
import { askOwner, type GivenOwner } from "../../protocol/askOwner.ts"
import { type Anonymous, type KnownOwner, nobody, OwnerMissing } from "../../protocol/TaskOwner.ts"
import { failWire, type WireError } from "../../protocol/WireError.ts"
import { fromMcpError } from "./mcpErrors.ts"

/**
 * Finds the owner of a request, from what authenticated it and its headers; on standard input and output there is neither.
 * It is asked on every request that creates or names a task; what it throws, and `undefined`, refuse the request.
 *
 * @since 0.2.0
 * @category models
 */
export type OwnerOf = (
  authInfo: AuthInfo | undefined,
  request: RequestInfo | undefined
) => GivenOwner | Promise<GivenOwner>

/**
 * Whose the tasks of a server are: what its `owner` option says. Without it the tasks of a connection that is not HTTP belong
 * to its session, or to nobody where it has none; over HTTP they are refused.
 *
 * @since 0.2.0
 * @category models
 */
export type Ownership = OwnerOf | Anonymous | undefined

/**
 * What tells whose a request is.
 *
 * @since 0.2.0
 * @category models
 */
export interface RequestOrigin {
  readonly authInfo?: AuthInfo | undefined
  /** Absent where the request did not come over HTTP. */
  readonly requestInfo?: RequestInfo | undefined
  readonly sessionId?: string | undefined
}

/**
 * Where the request came from that the present code serves, for stores, which the SDK tells no more than the session.
 *
 * @since 0.2.0
 * @category references
 */
export const currentOrigin: AsyncLocalStorage<RequestOrigin> = new AsyncLocalStorage()

/**
 * Gives whose the tasks of a request are.
 *
 * @since 0.2.0
 * @category accessors
 */
export const ownerOf = (
  owner: Ownership,
  { authInfo, requestInfo, sessionId }: RequestOrigin
): Effect.Effect<KnownOwner, WireError> => {
  if (owner !== undefined) return Effect.suspend(() => askOwner(owner, [authInfo, requestInfo], shownError))
  if (requestInfo !== undefined) return failWire(new OwnerMissing({ reason: "this server has no `owner` option" }))
  return Effect.succeed({ ...nobody, id: sessionId ?? null })
}

const shownError = (thrown: unknown) => thrown instanceof McpError ? fromMcpError(thrown) : undefined
