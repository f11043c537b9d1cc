/**
 * What the request behind a task produced.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { TaskStatus } from "./TaskStatus.ts"

/**
 * The request returned `value`: for a tool call its `CallToolResult`, whatever its `isError` says.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TaskSuccess = Schema.TaggedStruct("Success", { value: Schema.Json })

/**
 * The request was answered with a JSON-RPC error.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TaskFailure = Schema.TaggedStruct("Error", {
  code: Schema.Int,
  message: Schema.String,
  data: Schema.optionalKey(Schema.Json)
})

/**
 * Describes what the request behind a task produced, stored word for word.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TaskOutcome = Schema.Union([TaskSuccess, TaskFailure])

/**
 * @since 0.1.0
 * @category models
 */
export type TaskOutcome = typeof TaskOutcome.Type

/**
 * An outcome as callers hand it in. Its payload may be any value that JSON can carry. Any other value is refused with
 * `InvalidInput` when it is stored.
 *
 * @since 0.1.0
 * @category models
 */
export type TaskOutcomeInput =
  | { readonly _tag: "Success"; readonly value: unknown }
  | { readonly _tag: "Error"; readonly code: number; readonly message: string; readonly data?: unknown }

/**
 * Describes an outcome without its payload: what a list needs in order to show a status in either protocol revision.
 * `tool_error` is a `Success` whose value has `isError: true`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ResultKind = Schema.Literals(["success", "tool_error", "error"])

/**
 * @since 0.1.0
 * @category models
 */
export type ResultKind = typeof ResultKind.Type

/**
 * Derives the kind of an outcome.
 *
 * @since 0.1.0
 * @category accessors
 */
export const resultKind = (outcome: TaskOutcomeInput): ResultKind => {
  if (outcome._tag === "Error") return "error"
  const value = outcome.value
  return typeof value === "object" && value !== null && "isError" in value && value.isError === true
    ? "tool_error"
    : "success"
}

/**
 * Gives the terminal status that an outcome of this kind implies.
 *
 * @since 0.1.0
 * @category accessors
 */
export const impliedStatus = (kind: ResultKind): Extract<TaskStatus, "completed" | "failed"> =>
  kind === "error" ? "failed" : "completed"

/** How much of a tool's own text goes into a status message. */
const longestReason = 300

/**
 * Gives the status message of a task that ends so: why it failed, if it did. For a tool error it is the first text, cut.
 *
 * @since 0.2.0
 * @category accessors
 */
export const failureReason = (outcome: TaskOutcomeInput): string | undefined => {
  if (outcome._tag === "Error") return outcome.message
  if (resultKind(outcome) !== "tool_error") return undefined
  const { value } = outcome
  const content: unknown = typeof value === "object" && value !== null && "content" in value ? value.content : undefined
  for (const block of Array.isArray(content) ? content : []) {
    const text: unknown = typeof block === "object" && block !== null && "text" in block ? block.text : undefined
    if (typeof text === "string" && text !== "") {
      return text.length > longestReason ? `${text.slice(0, longestReason)}…` : text
    }
  }
  return undefined
}
