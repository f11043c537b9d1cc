/**
 * Records without what clients and tools wrote.
 *
 * @since 0.2.0
 */
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"

/**
 * The payloads of a record, in the order in which they are shown.
 *
 * @since 0.2.0
 * @category constants
 */
export const payloadNames = [
  "originalParams",
  "principal",
  "inputRequests",
  "inputResponses",
  "requestState",
  "steps",
  "result",
  "meta"
] as const satisfies ReadonlyArray<keyof TaskRecord>

/**
 * Gives a record without its payloads. Of a JSON-RPC error the code and the message stay.
 *
 * @since 0.2.0
 * @category conversions
 */
export const withoutPayloads = (record: TaskRecord) => {
  const { inputRequests: _1, inputResponses: _2, originalParams: _3, principal: _4, requestState: _5, ...rest } = record
  const { meta: _6, result, steps: _7, ...shown } = rest
  return result?._tag === "Error" ? { ...shown, error: { code: result.code, message: result.message } } : shown
}
