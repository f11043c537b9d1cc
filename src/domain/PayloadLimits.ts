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
 * Passes a text that is small enough for the limit.
 *
 * @since 0.1.0
 * @category guards
 */
export const withinLimit = (json: Part, limit: number): Result.Result<void, PayloadTooLarge> =>
  json === null || json === undefined || json.bytesAtMost <= limit || json.bytes <= limit
    ? Result.void
    : Result.fail(new PayloadTooLarge({ limit, actual: json.bytes }))

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
): Result.Result<void, PayloadTooLarge> =>
  content.reduce(
    (checked, part) => Result.isFailure(checked) ? checked : withinLimit(part, options.maxContentBytes),
    withinLimit(outcome, options.maxOutcomeBytes)
  )
