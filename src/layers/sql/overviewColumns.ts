/**
 * What views of the tasks work out alike on every engine.
 *
 * @since 0.2.0
 */
import { statusIn } from "./SqlStatement.ts"

/** What stands before, between and behind the name and the message of a failure. Within them every quote is escaped. */
const start = "{\"name\":\""
const middle = "\",\"message\":\""
const end = "\",\"at\":"

/**
 * Gives why a task failed: the name and the message of its failure, or else its status message. It cuts them out of their text,
 * since no engine reads JSON. `position` is the function that finds a text in another one, and `textOf` takes the quotes away.
 *
 * @since 0.2.0
 * @category fragments
 */
export const reasonOf = (position: string, textOf: (column: string) => string): string => {
  const [middleAt, endAt] = [`${position}(failure, '${middle}')`, `${position}(failure, '${end}')`]
  const name = `substr(failure, ${start.length + 1}, ${middleAt} - ${start.length + 1})`
  const message = `substr(failure, ${middleAt} + ${middle.length}, ${endAt} - ${middleAt} - ${middle.length})`
  return `CASE WHEN ${middleAt} > ${start.length} AND ${endAt} >= ${middleAt} + ${middle.length} ` +
    `THEN ${name} || ': ' || ${message} ` +
    `WHEN ${statusIn(["failed", "cancelled"])} OR result_kind = 'tool_error' THEN ${textOf("status_message")} END`
}
