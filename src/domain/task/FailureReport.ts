/**
 * What really went wrong with a task, where its client is told less.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import type { StoredTask } from "./StoredTask.ts"

/**
 * Describes what really went wrong, for the operator alone: no client is ever told of it.
 *
 * @since 0.2.0
 * @category schemas
 */
export const FailureReport = Schema.Struct({
  name: Schema.String,
  message: Schema.String,
  stack: Schema.optionalKey(Schema.String),
  at: Schema.DateTimeUtcFromString
})

/**
 * @since 0.2.0
 * @category models
 */
export type FailureReport = typeof FailureReport.Type

/**
 * A failure as callers hand it in. An `Error` is one.
 *
 * @since 0.2.0
 * @category models
 */
export interface FailureInput {
  readonly name: string
  readonly message: string
  readonly stack?: string | undefined
}

/**
 * A failure in its stored form. The stack lies apart, so that lists do not read it.
 *
 * @since 0.2.0
 * @category models
 */
export type StoredFailure = Pick<StoredTask, "failure" | "failureStack">

/**
 * A task that has no failure.
 *
 * @since 0.2.0
 * @category constants
 */
export const noFailure: StoredFailure = { failure: null, failureStack: null }
