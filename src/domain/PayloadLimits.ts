/**
 * Limits on the size of payloads.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { StoredJson } from "./StoredJson.ts"
import { PayloadTooLarge } from "./TaskError.ts"
import type { ResolvedOptions } from "./TaskStorageOptions.ts"

type Part = StoredJson | null | undefined

/**
 * Gives the error of a text that is too large for the limit, if it is.
 *
 * @since 0.2.0
 * @category guards
 */
export const overLimit = (json: Part, limit: number): PayloadTooLarge | undefined =>
  json === null || json === undefined || json.bytesAtMost <= limit || json.bytes <= limit
    ? undefined
    : new PayloadTooLarge({ limit, actual: json.bytes })

/**
 * Passes the parts of a write that are small enough by themselves. A part that is too large is refused before anything is read.
 *
 * @since 0.2.0
 * @category guards
 */
export const withinLimits = (
  options: ResolvedOptions,
  outcome: Part,
  ...content: ReadonlyArray<Part>
): Result.Result<void, PayloadTooLarge> => {
  let tooLarge = overLimit(outcome, options.maxOutcomeBytes)
  for (const part of content) tooLarge ??= overLimit(part, options.maxContentBytes)
  return tooLarge === undefined ? Result.void : Result.fail(tooLarge)
}
