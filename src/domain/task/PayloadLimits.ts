/**
 * Limits on the size of payloads.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { StoredJson } from "../json/StoredJson.ts"
import { contentBytes, type Sizing, storedBytes, type StoredTask } from "./StoredTask.ts"
import { PayloadTooLarge } from "./TaskError.ts"

type Part = StoredJson | null | undefined

/**
 * The largest payloads, and what a payload takes.
 *
 * @since 0.2.0
 * @category models
 */
export interface PayloadLimits {
  readonly maxOutcomeBytes: number
  readonly maxContentBytes: number
  /** What the text of a payload takes where it is stored. */
  readonly payloadBytes: Sizing
}

/**
 * The limit on everything but the outcome.
 *
 * @since 0.2.0
 * @category models
 */
export type ContentLimits = Omit<PayloadLimits, "maxOutcomeBytes">

/**
 * Gives the error of an outcome that is too large, if it is.
 *
 * @since 0.2.0
 * @category guards
 */
export const overOutcome = (
  outcome: Part,
  { maxOutcomeBytes, payloadBytes }: PayloadLimits
): PayloadTooLarge | undefined => overLimit(outcome, maxOutcomeBytes, payloadBytes)

/**
 * Gives the error for content that is over the limit.
 *
 * @since 0.1.0
 * @category guards
 */
export const overContent = (
  task: StoredTask,
  { maxContentBytes: limit, payloadBytes }: ContentLimits
): PayloadTooLarge | undefined => {
  if (contentBytes(task, "bytesAtMost", payloadBytes) <= limit) return undefined
  const actual = contentBytes(task, "bytes", payloadBytes)
  return actual <= limit ? undefined : new PayloadTooLarge({ limit, actual })
}

const overLimit = (json: Part, limit: number, sizing: Sizing): PayloadTooLarge | undefined => {
  if (json === null || json === undefined || storedBytes(json, "bytesAtMost", sizing) <= limit) return undefined
  const actual = storedBytes(json, "bytes", sizing)
  return actual <= limit ? undefined : new PayloadTooLarge({ limit, actual })
}

/**
 * Gives the error of a part of a write that is too large by itself, if one is. It is refused before anything is read.
 *
 * @since 0.2.0
 * @category guards
 */
export const overLimits = (
  limits: PayloadLimits,
  outcome: Part,
  ...content: ReadonlyArray<Part>
): PayloadTooLarge | undefined => {
  let tooLarge = overOutcome(outcome, limits)
  for (const part of content) tooLarge ??= overLimit(part, limits.maxContentBytes, limits.payloadBytes)
  return tooLarge
}

/**
 * Passes the parts of a write that are small enough by themselves.
 *
 * @since 0.2.0
 * @category guards
 */
export const withinLimits = (
  limits: PayloadLimits,
  outcome: Part,
  ...content: ReadonlyArray<Part>
): Result.Result<void, PayloadTooLarge> => {
  const tooLarge = overLimits(limits, outcome, ...content)
  return tooLarge === undefined ? Result.void : Result.fail(tooLarge)
}
