/**
 * The meaning of the errors of the AWS SDK. It is decided by name, status and code, never by the text of a message.
 *
 * @since 0.1.0
 */
import type {
  AttributeValue,
  CancellationReason,
  ConditionalCheckFailedException,
  TransactionCanceledException
} from "@aws-sdk/client-dynamodb"
import * as Data from "effect/Data"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"

/**
 * The condition of a write did not hold for this item, or for the absence of one.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConditionFailed extends Data.TaggedError("ConditionFailed")<{
  readonly item: Readonly<Record<string, AttributeValue>> | undefined
}> {}

/**
 * The condition of at least one write refused a transaction. There is one entry for each write.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransactionRefused extends Data.TaggedError("TransactionRefused")<{
  readonly refusals: ReadonlyArray<ConditionFailed | undefined>
}> {}

/**
 * DynamoDB does not take a request as it is: an item that has grown too large is one reason.
 *
 * @since 0.1.0
 * @category errors
 */
export class RequestInvalid extends Data.TaggedError("RequestInvalid")<{ readonly error: TaskDriverError }> {}

/**
 * Why a request is sent again. After `"skewed"` the client knows how far its clock is off, and signs the next request with the
 * time of the server.
 *
 * @since 0.2.0
 * @category models
 */
export type Obstacle = "conflict" | "throttled" | "failed" | "unreachable" | "skewed"

/**
 * What to do about an error: answer it, send the request again, or give up with a sentence.
 *
 * @since 0.1.0
 * @category models
 */
export type Fault =
  | { readonly _tag: "Refused"; readonly refusal: ConditionFailed | TransactionRefused }
  | {
    readonly _tag: "Again"
    readonly why: Obstacle
    readonly arrived: boolean
  }
  /** The credentials are refused or cannot be had: wrong from the start, or an outage once they were accepted. */
  | { readonly _tag: "Unauthorized"; readonly reason: string; readonly arrived: boolean }
  | {
    readonly _tag: "Fatal"
    readonly reason: string
    readonly retryable: boolean
    readonly arrived: boolean
    readonly invalid: boolean
    readonly concerns?: "store"
  }

/**
 * Classifies what the AWS SDK threw. `arrived` tells whether the request may have changed the table.
 *
 * @since 0.1.0
 * @category constructors
 */
export const faultOf = (cause: unknown, tableName: string): Fault => {
  const name = textOf(cause, "name")
  // Earlier attempts were made by the SDK itself, and nothing is known about how they ended.
  const arrived = numberOf(metadataOf(cause), "attempts") > 1
  if (isConditionFailure(cause)) return { _tag: "Refused", refusal: new ConditionFailed({ item: cause.Item }) }
  if (isCancellation(cause)) return cancelled(cause.CancellationReasons ?? [], arrived)
  if (property(metadataOf(cause), "clockSkewCorrected") === true) return { _tag: "Again", why: "skewed", arrived }
  if (conflicts.has(name)) return { _tag: "Again", why: "conflict", arrived }
  if (throttles.has(name)) return { _tag: "Again", why: "throttled", arrived }
  const refusal = unauthorized.get(name)
  if (refusal !== undefined) return { _tag: "Unauthorized", reason: refusal, arrived }
  const sentence = sentences.get(name)
  if (sentence !== undefined) return fatal(sentence(tableName), { arrived, concerns: "store" })
  const status = numberOf(metadataOf(cause), "httpStatusCode")
  if (status === 429) return { _tag: "Again", why: "throttled", arrived }
  if (status >= 500 || name === "TransactionInProgressException") {
    return { _tag: "Again", why: "failed", arrived: true }
  }
  if (status < 400) return unanswered(cause, name, arrived)
  return fatal("DynamoDB refused a request that it should not; see the cause", {
    arrived,
    invalid: name === "ValidationException"
  })
}

/** Nothing came back, so that it has no status. */
const unanswered = (cause: unknown, name: string, arrived: boolean): Fault => {
  const codes = [textOf(cause, "code"), textOf(property(cause, "cause"), "code"), name]
  if (codes.some((code) => unsent.has(code))) return { _tag: "Again", why: "unreachable", arrived }
  if (codes.some((code) => broken.has(code)) || property(cause, "$retryable") !== undefined) {
    return { _tag: "Again", why: "failed", arrived: true }
  }
  return fatal("the AWS SDK failed in a way that it should not; see the cause", { arrived: true })
}

const fatal = (
  reason: string,
  options: {
    readonly arrived: boolean
    readonly invalid?: boolean
    readonly retryable?: boolean
    readonly concerns?: "store"
  }
): Fault => ({ _tag: "Fatal", invalid: false, retryable: false, ...options, reason })

/** A refusal counts before a conflict: it says how things are. */
const cancelled = (reasons: ReadonlyArray<CancellationReason>, arrived: boolean): Fault => {
  const refusals = reasons.map(({ Code, Item }) =>
    Code === "ConditionalCheckFailed" ? new ConditionFailed({ item: Item }) : undefined
  )
  if (refusals.some((refusal) => refusal !== undefined)) {
    return { _tag: "Refused", refusal: new TransactionRefused({ refusals }) }
  }
  const codes = reasons.map(({ Code }) => Code ?? "")
  if (codes.includes("ValidationError")) {
    return fatal("DynamoDB refused a transaction that it should not; see the cause", { arrived, invalid: true })
  }
  const isThrottled = codes.some((code) => code === "ThrottlingError" || code === "ProvisionedThroughputExceeded")
  return { _tag: "Again", why: isThrottled ? "throttled" : "conflict", arrived }
}

const conflicts = new Set(["TransactionConflictException", "ReplicatedWriteConflictException"])

const throttles = new Set([
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "ThrottlingException",
  "Throttling",
  "TooManyRequestsException"
])

/** The request cannot have left this machine, or found nobody. */
const unsent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"])

/** The request may have arrived. */
const broken = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT", "ERR_STREAM_PREMATURE_CLOSE", "TimeoutError", "AbortError"])

const unknownCredentials =
  "DynamoDB does not accept the AWS credentials; check that they are complete, not expired, and for this account, and " +
  "that the clock of this machine is right"

const wrongClock =
  "the clock of this machine differs from that of DynamoDB by more than AWS accepts; have it set by a time server"

const noCredentials = "no AWS credentials were found; pass the option credentials, or set up a profile, role or keys"

/** By the name of the error: of the service, or of what finds credentials for the client. */
const unauthorized = new Map([
  ["UnrecognizedClientException", unknownCredentials],
  ["InvalidSignatureException", unknownCredentials],
  ["SignatureDoesNotMatch", unknownCredentials],
  ["IncompleteSignatureException", unknownCredentials],
  ["MissingAuthenticationTokenException", unknownCredentials],
  ["ExpiredTokenException", unknownCredentials],
  ["ExpiredToken", unknownCredentials],
  ["InvalidClientTokenId", unknownCredentials],
  ["RequestTimeTooSkewed", wrongClock],
  ["RequestExpired", wrongClock],
  ["RequestInTheFuture", wrongClock],
  ["CredentialsProviderError", noCredentials],
  ["ProviderError", noCredentials],
  ["TokenProviderError", noCredentials]
])

const sentences = new Map<string, (tableName: string) => string>([
  [
    "ResourceNotFoundException",
    (tableName) =>
      `the table ${tableName} is not in this region and account, or lacks an index; check tableName and region, or ` +
      "make it with schema \"migrate\""
  ],
  [
    "AccessDeniedException",
    (tableName) =>
      `the AWS credentials do not allow this on the table ${tableName}; allow it, and its indexes, in the IAM policy`
  ]
])

const isConditionFailure = (cause: unknown): cause is ConditionalCheckFailedException =>
  textOf(cause, "name") === "ConditionalCheckFailedException"

const isCancellation = (cause: unknown): cause is TransactionCanceledException =>
  textOf(cause, "name") === "TransactionCanceledException"

const property = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined

const textOf = (value: unknown, name: string): string => {
  const found = property(value, name)
  return typeof found === "string" ? found : ""
}

const numberOf = (value: unknown, name: string): number => {
  const found = property(value, name)
  return typeof found === "number" ? found : 0
}

const metadataOf = (cause: unknown): unknown => property(cause, "$metadata")
