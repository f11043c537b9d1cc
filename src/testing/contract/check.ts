/**
 * The checks that cases use.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { isTaskStorageError, type TaskStorageError } from "../../domain/task/TaskError.ts"
import type { TaskRecord, TaskSummary } from "../../domain/task/TaskRecord.ts"
import { difference, show } from "../difference.ts"
import { plainRecord } from "../PlainRecord.ts"

/**
 * A check that failed: what was looked at, and how it differs.
 *
 * @since 0.1.0
 * @category errors
 */
export class Mismatch extends Data.TaggedError("Mismatch")<{ readonly difference: string }> {}

/**
 * An error that an operation should give: its tag, and those of its fields that matter.
 *
 * @since 0.1.0
 * @category models
 */
export type ExpectedError = {
  [Tag in TaskStorageError["_tag"]]:
    & { readonly _tag: Tag }
    & FieldsOf<Extract<TaskStorageError, { readonly _tag: Tag }>>
}[TaskStorageError["_tag"]]

/** Some fields of an error; `undefined` stands for an absent one. */
type FieldsOf<E> = { readonly [Field in Exclude<keyof E, "_tag">]?: E[Field] | undefined }

/**
 * Checks that a value is the expected one, to the order of keys.
 *
 * @since 0.1.0
 * @category checks
 */
export const equal = (what: string, actual: unknown, expected: unknown): Effect.Effect<void, Mismatch> => {
  const found = difference(actual, expected)
  return found === undefined ? Effect.void : new Mismatch({ difference: `${what}: ${found}` })
}

/**
 * Checks that a record is the expected one, field by field; the order of fields does not matter.
 *
 * @since 0.1.0
 * @category checks
 */
export const equalRecord = (
  what: string,
  actual: TaskRecord | TaskSummary | undefined,
  expected: TaskRecord | TaskSummary | undefined
): Effect.Effect<void, Mismatch> =>
  equal(
    what,
    actual === undefined ? undefined : plainRecord(actual),
    expected === undefined ? undefined : plainRecord(expected)
  )

/**
 * Checks some fields of a record; `undefined` stands for an absent one.
 *
 * @since 0.1.0
 * @category checks
 */
export const hasFields = (
  what: string,
  record: TaskRecord | TaskSummary,
  expected: { readonly [field: string]: unknown }
): Effect.Effect<void, Mismatch> => {
  const plain = plainRecord(record)
  return equal(what, Object.fromEntries(Object.keys(expected).map((field) => [field, plain[field]])), expected)
}

/**
 * Checks that something holds.
 *
 * @since 0.1.0
 * @category checks
 */
export const holds = (what: string, condition: boolean): Effect.Effect<void, Mismatch> =>
  condition ? Effect.void : new Mismatch({ difference: `it does not hold that ${what}` })

/**
 * Checks that an operation is refused with an error of the library, with the fields and a message for a person.
 *
 * @since 0.1.0
 * @category checks
 */
export const refused = <A, E, R>(
  what: string,
  operation: Effect.Effect<A, E, R>,
  expected: ExpectedError
): Effect.Effect<void, Mismatch, R> =>
  Effect.flatMap(Effect.result(operation), (result) => {
    if (Result.isSuccess(result)) {
      return new Mismatch({ difference: `${what}: it succeeded with ${show(result.success)}, not ${expected._tag}` })
    }
    const error: unknown = result.failure
    if (!isTaskStorageError(error)) {
      return new Mismatch({ difference: `${what}: ${show(error)} is not an error of the library` })
    }
    const actual = Object.fromEntries(Object.keys(expected).map((field) => [field, fieldOf(error, field)]))
    const found = difference(actual, { ...expected })
    if (found !== undefined) return new Mismatch({ difference: `${what}: in the error ${show(error)}, ${found}` })
    return holds(`${error._tag} has a message`, error.message.length > error._tag.length)
  })

const fieldOf = (value: object, field: string): unknown => Object.entries(value).find(([key]) => key === field)?.[1]

/**
 * Waits until something holds, as long as other processes may take to notice.
 *
 * @since 0.1.0
 * @category checks
 */
export const eventually = <E, R>(
  what: string,
  condition: Effect.Effect<boolean, E, R>
): Effect.Effect<void, E | Mismatch, R> =>
  Effect.gen(function*() {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      if (yield* condition) return
      yield* Effect.sleep(pause)
    }
    return yield* new Mismatch({ difference: `it never came to hold that ${what}` })
  })

/** A thousand pauses of real time are longer than any backend polls. */
const maxAttempts = 1_000

const pause = "5 millis"
