/**
 * What a command answers, in a form that can be compared: of the model, or of a storage.
 *
 * @since 0.1.0
 */
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import { sorted } from "../PlainRecord.ts"

/**
 * An answer: a value, or an error with its fields.
 *
 * @since 0.1.0
 * @category models
 */
export type Answer =
  | { readonly value: unknown }
  | { readonly error: { readonly [field: string]: unknown } }

/**
 * Gives an error as an answer. Sentences for people are left to the library.
 *
 * @since 0.1.0
 * @category constructors
 */
export const refusal = (
  error: Refusal | TaskStorageError
): { readonly error: { readonly [field: string]: unknown } } => ({ error: sorted({ ...error, reason: undefined }) })

/**
 * An error of the library by its fields, sentences left out.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refusal {
  readonly _tag: TaskStorageError["_tag"]
  readonly [field: string]: unknown
}

/**
 * Gives a field of what was answered, if that is an object.
 *
 * @since 0.2.0
 * @category accessors
 */
export const fieldOf = (value: unknown, field: string): unknown =>
  typeof value === "object" && value !== null ? Object.entries(value).find(([name]) => name === field)?.[1] : undefined
