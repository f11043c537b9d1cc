/**
 * Questions to clients of revision 2025-11-25.
 *
 * @since 0.2.0
 */
import type { McpServerClient } from "effect/ai/McpSchema"
import * as Effect from "effect/Effect"
import { type Ask, ListenerGone } from "../../protocol/Questions.ts"
import { type WireError, wireError } from "../../protocol/WireError.ts"
import { rawClient } from "./effectSeams.ts"

/**
 * Makes what asks the client of a request, on the stream of that request.
 *
 * @since 0.2.0
 * @category constructors
 */
export const askClient = (client: McpServerClient["Service"]): Ask => ({ method, params }) =>
  Effect.flatMap(client.getClient, (reverse) => rawClient(reverse).request(method, params)).pipe(
    Effect.scoped,
    Effect.mapError((error): WireError | ListenerGone => "_tag" in error ? new ListenerGone() : wireError(error))
  )
