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
 * What differs between engines: the function that finds a text in another one, a text without its quotes, and a readable time.
 *
 * @since 0.2.0
 * @category models
 */
export interface OverviewFunctions {
  readonly position: string
  readonly textOf: (column: string) => string
  readonly timeOf: (column: string) => string
}

/**
 * Gives the columns of the view.
 *
 * @since 0.2.0
 * @category fragments
 */
export const overviewColumns = ({ position, textOf, timeOf }: OverviewFunctions): string =>
  `  task_id,
  session_id,
  status,
  ${textOf("original_method")} AS method,
  ${textOf("name")} AS name,
  ${timeOf("created_at")} AS created_at,
  ${timeOf("last_updated_at")} AS last_updated_at,
  ${timeOf("expires_at")} AS expires_at,
  attempt,
  worker,
  ${timeOf("started_at")} AS started_at,
  result_kind,
  ${reasonOf(position, textOf)} AS reason,
  rerun_of,
  rerun_as`

/**
 * Why a task failed: the name and the message of its failure, or else its status message. It cuts them out of their text, since no
 * engine reads JSON.
 */
const reasonOf = (position: string, textOf: (column: string) => string): string => {
  const [middleAt, endAt] = [`${position}(failure, '${middle}')`, `${position}(failure, '${end}')`]
  const name = `substr(failure, ${start.length + 1}, ${middleAt} - ${start.length + 1})`
  const message = `substr(failure, ${middleAt} + ${middle.length}, ${endAt} - ${middleAt} - ${middle.length})`
  return `CASE WHEN ${middleAt} > ${start.length} AND ${endAt} >= ${middleAt} + ${middle.length} ` +
    `THEN ${name} || ': ' || ${message} ` +
    `WHEN ${statusIn(["failed", "cancelled"])} OR result_kind = 'tool_error' THEN ${textOf("status_message")} END`
}
