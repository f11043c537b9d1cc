/**
 * How far a statement has come, for a caller that stops waiting for it.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"

/**
 * Whether a statement was sent. A client that knows notes it. With another client the statement counts as sent.
 *
 * @since 0.2.0
 * @category models
 */
export interface StatementProgress {
  isSent: boolean
}

/**
 * The statement that a fiber runs.
 *
 * @since 0.2.0
 * @category references
 */
export const CurrentStatement: Context.Reference<StatementProgress | undefined> = Context.Reference<
  StatementProgress | undefined
>(
  "mcp-task-storage/CurrentStatement",
  { defaultValue: () => undefined }
)

/**
 * Notes whether the statement that a fiber runs has been sent.
 *
 * @since 0.2.0
 * @category writers
 */
export const noteProgress = (fiber: Fiber.Fiber<unknown, unknown>, isSent: boolean): void => {
  const statement = fiber.getRef(CurrentStatement)
  if (statement !== undefined) statement.isSent = isSent
}
