/**
 * Requests that a client refuses.
 *
 * @since 0.2.0
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { JsonObject } from "effect/Schema"
import { ownValue } from "../../domain/json/ownValue.ts"
import { shownAsError } from "../../domain/task/shownAsError.ts"

/**
 * The client of a task refused a request: it answered with a JSON-RPC error, it cannot be asked, or its answer cannot be
 * stored.
 *
 * @since 0.2.0
 * @category errors
 */
export class InputRefused extends shownAsError(
  Schema.TaggedError<InputRefused>("mcp-task-storage/InputRefused")("InputRefused", {
    key: Schema.String,
    code: Schema.Number,
    message: Schema.String
  })
) {}

/** The key of `_meta` that makes a stored answer a refusal. */
const refusalKey = "mcp-task-storage/refused"

/** The one request whose answer itself can say that nobody answers. */
const elicitation = "elicitation/create"

/**
 * Gives the answer that is stored when the client refuses a request.
 *
 * @since 0.2.0
 * @category constructors
 */
export const refusedAnswer = (
  method: string,
  error: { readonly code: number; readonly message: string }
): JsonObject => ({
  ...(method === elicitation ? { action: "cancel" } : {}),
  _meta: { [refusalKey]: { code: error.code, message: error.message } }
})

/**
 * Tells whether an answer has the form of a refusal. A client must not send such an answer.
 *
 * @since 0.2.0
 * @category guards
 */
export const isRefusedAnswer = (answer: unknown): boolean => refusalOf(answer) !== undefined

/**
 * Finds the refusal in a stored answer, so that the work does not take it for an answer. An elicitation says `cancel` instead.
 *
 * @since 0.2.0
 * @category accessors
 */
export const findRefusal = (key: string, answer: unknown): InputRefused | undefined => {
  const refusal = refusalOf(answer)
  if (refusal === undefined || Predicate.hasProperty(answer, "action")) return undefined
  const { code, message } = refusal
  return new InputRefused({
    key,
    code: typeof code === "number" ? code : -32603,
    message: typeof message === "string" ? message : "The client refused the request"
  })
}

const refusalOf = (answer: unknown): { readonly code?: unknown; readonly message?: unknown } | undefined => {
  const meta = Predicate.isReadonlyObject(answer) ? ownValue(answer, "_meta") : undefined
  const refusal = Predicate.isReadonlyObject(meta) ? ownValue(meta, refusalKey) : undefined
  return Predicate.isReadonlyObject(refusal) ? refusal : undefined
}
