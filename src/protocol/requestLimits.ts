/**
 * How much a client may send in one request.
 *
 * @since 0.2.0
 */
import * as Predicate from "effect/Predicate"
import { overrunJson } from "./overrunJson.ts"
import { type LimitReached, limitReached, type OwnerLimits } from "./OwnerLimits.ts"

const limitOf = { bytes: "answerBytes", depth: "answerDepth" } as const

/**
 * Says which limit the answers of a request overrun, by key, if any.
 *
 * @since 0.2.0
 * @category guards
 */
export const overrunAnswers = (limits: OwnerLimits, answers: unknown): LimitReached | undefined => {
  if (answers === undefined) return undefined
  if (Predicate.isReadonlyObject(answers) && Object.keys(answers).length > limits.answerKeys) {
    return limitReached("answerKeys", limits.answerKeys)
  }
  // Their keys are one level more.
  const overrun = overrunJson(answers, { bytes: limits.answerBytes, depth: limits.answerDepth + 1 })
  return overrun === undefined ? undefined : limitReached(limitOf[overrun], limits[limitOf[overrun]])
}

/**
 * Says that the arguments of a call take more than a request may. It is for transports that read any request, such as standard input.
 *
 * @since 0.2.0
 * @category guards
 */
export const overrunRequest = ({ requestBytes }: OwnerLimits, args: unknown): LimitReached | undefined =>
  overrunJson(args, { bytes: requestBytes, depth: Infinity }) === undefined
    ? undefined
    : limitReached("requestBytes", requestBytes)

/**
 * An answer of HTTP.
 *
 * @since 0.2.0
 * @category models
 */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Answers a request over HTTP whose body is too large. The rest of it is not read, so the connection is of no more use.
 *
 * @since 0.2.0
 * @category constructors
 */
export const tooLargeAnswer = ({ requestBytes }: Pick<OwnerLimits, "requestBytes">): HttpAnswer => {
  const error = limitReached("requestBytes", requestBytes)
  return {
    status: 413,
    headers: { "content-type": "application/json", connection: "close" },
    body: JSON.stringify({ jsonrpc: "2.0", id: null, error })
  }
}

/**
 * Tells by the header of its length that the body of a request is too large.
 *
 * @since 0.2.0
 * @category guards
 */
export const declaresTooMuch = (
  { requestBytes }: Pick<OwnerLimits, "requestBytes">,
  contentLength: string | null | undefined
): boolean => Number(contentLength ?? 0) > requestBytes
