/**
 * What a look at a store finds: faults of its structure and of what it holds, each with what to do about it.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriverError } from "./TaskDriverError.ts"

/**
 * How bad a finding is: an `error` keeps the store from working as it should; a `warning` will, or is a risk; a `note` is worth
 * knowing.
 *
 * @since 0.2.0
 * @category models
 */
export type FindingSeverity = "error" | "warning" | "note"

/**
 * The checks, which are also the codes of what they find. A driver may have others of its own.
 *
 * @since 0.2.0
 * @category models
 */
export type CheckCode =
  | "schema"
  | "table"
  | "column"
  | "constraint"
  | "index"
  | "trigger"
  | "function"
  | "view"
  | "settings"
  | "counters"
  | "parts"
  | "messages"
  | "rows"
  | "workers"
  | "clock"
  | "bloat"
  | "autovacuum"
  | "file_system"
  | "file_mode"
  | "read_only"

/**
 * One fault of a store.
 *
 * @since 0.2.0
 * @category models
 */
export interface StoreFinding {
  /** The check that found it. */
  readonly code: CheckCode | (string & {})
  readonly severity: FindingSeverity
  /** What it is about: a table, an index, a file, a worker. */
  readonly subject: string
  /** What is wrong, as a sentence. */
  readonly problem: string
  /** What to do about it, as a sentence. */
  readonly advice: string
  /** Whether `fix` can mend it. */
  readonly fixable: boolean
  /** With `fix`, whether it was mended. */
  readonly fixed?: boolean
  /** How many tasks, messages or items it concerns. */
  readonly count?: number
  /** Some of the ids that it concerns. */
  readonly examples?: ReadonlyArray<string>
}

/**
 * What a deep look at a store would read, where reading is paid for.
 *
 * @since 0.2.0
 * @category models
 */
export interface DeepCost {
  /** How many items it would read, as far as the engine knows. */
  readonly items: number
  readonly bytes: number
  /** How many units of reading the engine would charge. */
  readonly readUnits: number
}

/**
 * The report of `inspectStore`.
 *
 * @since 0.2.0
 * @category models
 */
export interface StoreReport {
  readonly backend: string
  /** The version of the schema that the store says it has, if it has one. */
  readonly schemaVersion?: number
  /** What was found, the worst first. */
  readonly findings: ReadonlyArray<StoreFinding>
  /** The codes of the checks that were made. */
  readonly checked: ReadonlyArray<string>
  /** What `deep` would cost, where that is more than time. */
  readonly deepCost?: DeepCost
}

/**
 * How many ids a finding names.
 *
 * @since 0.2.0
 * @category constants
 */
export const mostExamples = 10

/**
 * Makes a check that others do not depend on: where the engine refuses it, that is a finding. An engine that does not answer fails
 * it, since it would fail all others too.
 *
 * @since 0.2.0
 * @category combinators
 */
export const asCheck = <E>(
  code: CheckCode,
  subject: string,
  check: Effect.Effect<ReadonlyArray<StoreFinding>, TaskDriverError | E>
): Effect.Effect<ReadonlyArray<StoreFinding>, TaskDriverError | E> =>
  Effect.catchIf(
    check,
    isRefusal,
    ({ reason }) =>
      Effect.succeed([{
        code,
        severity: "error" as const,
        subject,
        problem: `This check could not be made: ${reason}.`,
        advice: "Mend what the reason names, and what else is found here, and look again.",
        fixable: false
      }])
  )

const isRefusal = (error: unknown): error is TaskDriverError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "TaskDriverError" &&
  "retryable" in error && error.retryable === false

/**
 * Mends what was found, and says so. A finding that the engine refuses to mend stays, with the reason.
 *
 * @since 0.2.0
 * @category combinators
 */
export const mended = (
  finding: StoreFinding,
  fix: boolean,
  mend: Effect.Effect<boolean, TaskDriverError>
): Effect.Effect<StoreFinding, TaskDriverError> => {
  if (!fix || !finding.fixable) return Effect.succeed(finding)
  return Effect.matchEffect(mend, {
    onSuccess: (fixed) => Effect.succeed({ ...finding, fixed }),
    onFailure: (error) =>
      error.retryable
        ? Effect.fail(error)
        : Effect.succeed({
          ...finding,
          fixed: false,
          advice: `${finding.advice} It could not be mended: ${error.reason}.`
        })
  })
}

/**
 * Writes a number of things.
 *
 * @since 0.2.0
 * @category writers
 */
export const counted = (count: number, thing: string, things = `${thing}s`): string =>
  `${count} ${count === 1 ? thing : things}`
