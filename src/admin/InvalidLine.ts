/**
 * A line of an export that is no task.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { shownAsError } from "../domain/task/shownAsError.ts"

/**
 * A line that was to be imported is not one that an export has written. The lines before it were imported, and nothing of this one.
 *
 * @since 0.2.0
 * @category errors
 */
export class InvalidLine extends shownAsError(
  Schema.TaggedError<InvalidLine>("mcp-task-storage/InvalidLine")("InvalidLine", {
    /** Its number, from 1. */
    line: Schema.Number,
    reason: Schema.String
  })
) {
  override get message(): string {
    return `Line ${this.line} cannot be imported: ${this.reason}. ` +
      "Correct the line or remove it, and import all lines again: what is imported already is left as it is."
  }
}
