/**
 * Requests to DynamoDB: bounded in time, and retried if that can help.
 *
 * @since 0.1.0
 */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { randomInt } from "node:crypto"
import { clearTimeout, setTimeout } from "node:timers"
import { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { longestTimer } from "../../domain/effects/longestTimer.ts"
import { realSleep } from "../realSleep.ts"
import type { AwsSdk } from "./AwsSdk.ts"
import {
  type ConditionFailed,
  type Fault,
  faultOf,
  type Obstacle,
  RequestInvalid,
  type TransactionRefused
} from "./DynamoDbFault.ts"

/**
 * How requests are sent; in milliseconds.
 *
 * @since 0.1.0
 * @category options
 */
export interface RequestOptions {
  readonly tableName: string
  readonly requestTimeout: number
  readonly retryTimeout: number
}

/**
 * Why a request has no answer.
 *
 * @since 0.1.0
 * @category errors
 */
export type RequestError = TaskDriverError | ConditionFailed | TransactionRefused | RequestInvalid

type Request<Output> = (client: DynamoDBClient, options: { readonly abortSignal: AbortSignal }) => Promise<Output>

/**
 * Sends requests to one table. A write must be recognisable when it arrives twice.
 *
 * @since 0.1.0
 * @category models
 */
export interface DynamoDbRequests extends RequestOptions {
  readonly sdk: AwsSdk
  readonly read: <Output>(request: Request<Output>) => Effect.Effect<Output, TaskDriverError>
  readonly write: <Output>(request: Request<Output>) => Effect.Effect<Output, RequestError>
}

/** What a single attempt failed with. */
class AttemptFailed extends Data.TaggedError("AttemptFailed")<{ readonly fault: Fault; readonly cause: unknown }> {}

/** Milliseconds: what the first pause is at most, and what pauses grow to. */
const pauses = {
  conflict: { first: 4, longest: 200 },
  failed: { first: 25, longest: 1_000 },
  skewed: { first: 1, longest: 1_000 },
  throttled: { first: 50, longest: 2_000 },
  unauthorized: { first: 50, longest: 1_000 },
  unreachable: { first: 25, longest: 1_000 }
} as const

/**
 * Makes the requests of a client.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeRequests = (sdk: AwsSdk, client: DynamoDBClient, options: RequestOptions): DynamoDbRequests => {
  const { requestTimeout, retryTimeout, tableName } = options

  const attempt = <Output>(request: Request<Output>): Effect.Effect<Output, AttemptFailed> =>
    Effect.callback((resume) => {
      const controller = new AbortController()
      // The real clock, because the engine answers in real time.
      // @effect-diagnostics-next-line globalTimersInEffect:off -- see above
      const timer = setTimeout(() => {
        resume(Effect.fail(new AttemptFailed({ fault: timedOut, cause: undefined })))
        controller.abort()
      }, Math.min(requestTimeout, longestTimer))
      const send = async () => request(client, { abortSignal: controller.signal })
      send().then(
        (output) => {
          clearTimeout(timer)
          resume(Effect.succeed(output))
        },
        (cause: unknown) => {
          clearTimeout(timer)
          resume(Effect.fail(new AttemptFailed({ fault: faultOf(cause, tableName), cause })))
        }
      )
      return Effect.sync(() => {
        clearTimeout(timer)
        controller.abort()
      })
    })

  /** Once a request was answered, credentials that are refused are an outage: they are being renewed, or their source is. */
  let wereAccepted = false

  const send = <Output>(request: Request<Output>, writes: boolean): Effect.Effect<Output, RequestError> =>
    Effect.suspend(() => {
      const deadline = performance.now() + retryTimeout
      let attempts = 0
      let mayHaveArrived = false
      let isCorrected = false
      const failed = (
        { concerns, reason, retryable }: Pick<TaskDriverError, "reason" | "retryable" | "concerns">,
        cause: unknown
      ) =>
        new TaskDriverError({
          reason,
          retryable,
          ...(concerns === undefined ? {} : { concerns }),
          applied: writes && mayHaveArrived ? "unknown" : "no",
          ...(cause === undefined ? {} : { cause })
        })
      const later = (why: keyof typeof pauses, reason: string, cause: unknown): Effect.Effect<Output, RequestError> => {
        const left = deadline - performance.now()
        if (left <= 0) return Effect.fail(failed({ reason, retryable: true }, cause))
        const { first, longest } = pauses[why]
        const pause = randomInt(Math.min(first * 2 ** attempts, longest) * 1000 + 1) / 1000
        attempts++
        return Effect.andThen(realSleep(Math.min(pause, left)), again)
      }
      const again: Effect.Effect<Output, RequestError> = Effect.matchEffect(Effect.suspend(() => attempt(request)), {
        onSuccess: (output) => {
          wereAccepted = true
          return Effect.succeed(output)
        },
        onFailure: ({ cause, fault }): Effect.Effect<Output, RequestError> => {
          if (fault._tag === "Refused") {
            wereAccepted = true
            return Effect.fail(fault.refusal)
          }
          mayHaveArrived ||= fault.arrived
          if (fault._tag === "Fatal") {
            const error = failed(fault, cause)
            return Effect.fail(fault.invalid ? new RequestInvalid({ error }) : error)
          }
          if (fault._tag === "Unauthorized") {
            return wereAccepted
              ? later("unauthorized", fault.reason, cause)
              : Effect.fail(failed({ reason: fault.reason, retryable: false, concerns: "store" }, cause))
          }
          if (fault.why === "skewed" && !isCorrected) {
            isCorrected = true
            return again
          }
          return later(fault.why, givenUp(fault.why, options), cause)
        }
      })
      return again
    })

  return {
    ...options,
    sdk,
    read: (request) =>
      Effect.mapError(send(request, false), (error) => error._tag === "TaskDriverError" ? error : unexpected(error)),
    write: (request) => send(request, true)
  }
}

const timedOut: Fault = { _tag: "Again", why: "failed", arrived: true }

const givenUp = (
  why: Obstacle,
  { retryTimeout }: RequestOptions
): string => {
  const longer = `for longer than the retryTimeout of ${retryTimeout} ms`
  switch (why) {
    case "conflict":
      return `other writers were in the way ${longer}; try again, or have fewer of them write the same task`
    case "throttled":
      return `DynamoDB throttled the requests ${longer}; try again, or give the table more capacity`
    case "failed":
      return `DynamoDB failed or did not answer in time, ${longer}; try again, or raise requestTimeout`
    case "skewed":
      return `the clock of this machine is off, and no time was accepted ${longer}; have it set by a time server`
    case "unreachable":
      return `DynamoDB cannot be reached, ${longer}; check the network, region and endpoint`
  }
}

/**
 * Gives the error of a driver for a refusal that no request of its kind can meet.
 *
 * @since 0.1.0
 * @category converting
 */
export const unexpected = (error: RequestError): TaskDriverError => {
  if (error._tag === "TaskDriverError") return error
  if (error._tag === "RequestInvalid") return error.error
  return new TaskDriverError({
    reason: "DynamoDB refused a condition where there is none",
    retryable: false,
    applied: "no"
  })
}

/**
 * Takes errors of these names for an answer.
 *
 * @since 0.2.0
 * @category converting
 */
export const ignoring = (...names: ReadonlyArray<string>) => (error: unknown): undefined => {
  if (error instanceof Error && names.includes(error.name)) return undefined
  throw error
}
