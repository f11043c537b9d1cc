/**
 * What becomes of what a tool throws, on servers that answer it with a result.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { quietly } from "../runner/handler/describeThrown.ts"
import { failureOf } from "../runner/handler/failureOf.ts"
import { TaskFailure } from "../runner/handler/TaskContext.ts"
import { taskNameAnnotation } from "../runner/tracing/taskAnnotations.ts"
import { toJson } from "./json.ts"
import type { JsonRpcFailure } from "./WireError.ts"

/**
 * The result of a tool that says in one text why it failed.
 *
 * @since 0.2.0
 * @category models
 */
export interface ErrorResult {
  [key: string]: unknown
  content: Array<{ type: "text"; text: string }>
  isError: true
}

/**
 * Makes the result of a tool that failed for this reason.
 *
 * @since 0.2.0
 * @category constructors
 */
export const errorResult = (text: string): ErrorResult => ({ content: [{ type: "text", text }], isError: true })

/**
 * Gives the result that stands for what a tool threw: with its message, as both official SDKs answer, or without.
 *
 * @since 0.2.0
 * @category constructors
 */
export const thrownResult = (exposeErrors: boolean) => (cause: Cause.Cause<unknown>): ErrorResult =>
  errorResult(exposeErrors ? messageOf(Cause.squash(cause)) : hidden)

const hidden = "The tool failed"

/** Some of what can be thrown throws when it is looked at, and the message of an error may be anything. */
const messageOf = (thrown: unknown): string =>
  quietly(() => String(thrown instanceof Error ? thrown.message : thrown)) ?? hidden

/**
 * Answers a call that is no task with the result that stands for what its tool threw, and tells the operator. A
 * `TaskFailure` is the error of the call.
 *
 * @since 0.2.0
 * @category combinators
 */
export const answeringThrown = <A, E, R, B>(
  tool: string,
  work: Effect.Effect<A, E, R>,
  resultOf: (cause: Cause.Cause<unknown>) => B
): Effect.Effect<A | B, E, R> =>
  Effect.catchCause(
    work,
    (cause): Effect.Effect<B, E> =>
      failureOf(cause) !== undefined || Cause.hasInterruptsOnly(cause)
        ? Effect.failCause(cause)
        : Effect.as(logThrown(tool, cause), resultOf(cause))
  )

/**
 * Tells the operator what the tool of a call threw that is no task. What cannot be logged is answered all the same.
 *
 * @since 0.2.0
 * @category combinators
 */
export const logThrown = (tool: string, cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Effect.asVoid(Effect.exit(Effect.annotateLogs(Effect.logError("A tool failed", cause), taskNameAnnotation, tool)))

/**
 * Makes an error of a server's own the error of a call. Data that JSON cannot carry are left out.
 *
 * @since 0.2.0
 * @category converting
 */
export const toTaskFailure = ({ code, data, message }: JsonRpcFailure): TaskFailure => {
  const json = toJson(data)
  return new TaskFailure({ code, message, ...(json === undefined ? {} : { data: json }) })
}
