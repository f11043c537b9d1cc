/**
 * The results of tools, as the revisions answer them.
 *
 * @since 0.2.0
 */
import * as Predicate from "effect/Predicate"
import { relatedTaskKey, serverInfoKey } from "./names.ts"

type Fields = Readonly<Record<string, unknown>>

const metaOf = (result: Fields): Fields => Predicate.isReadonlyObject(result["_meta"]) ? result["_meta"] : {}

/**
 * Gives a stored result as revision 2025-11-25 answers it: structured content is an object there, and a mere text is
 * text.
 *
 * @since 0.2.0
 * @category converting
 */
export const toResult20251125 = (taskId: string, stored: unknown): Fields => {
  const result: Fields = Predicate.isReadonlyObject(stored) ? stored : {}
  const { structuredContent, ...rest } = result
  return {
    ...rest,
    ...(typeof structuredContent === "string" ? { content: unquoted(rest["content"], structuredContent) } : {}),
    ...(Predicate.isReadonlyObject(structuredContent) ? { structuredContent } : {}),
    _meta: { ...metaOf(result), [relatedTaskKey]: { taskId } }
  }
}

const unquoted = (content: unknown, text: string): unknown => {
  if (!Array.isArray(content) || content.length !== 1) return content
  const block: unknown = content[0]
  return Predicate.isReadonlyObject(block) && block["type"] === "text" && block["text"] === JSON.stringify(text)
    ? [{ ...block, text }]
    : content
}

/**
 * Gives a stored result as revision 2026-07-28 answers it: by a server that says who it is, where it does so with every
 * result.
 *
 * @since 0.2.0
 * @category converting
 */
export const toResult20260728 = (serverInfo: unknown, stored: unknown): Fields => {
  const result: Fields = Predicate.isReadonlyObject(stored) ? stored : {}
  return withServerInfo(serverInfo, { ...result, resultType: "complete" })
}

/**
 * Adds to a result of revision 2026-07-28 what the server says of itself, if it does.
 *
 * @since 0.2.0
 * @category combinators
 */
export const withServerInfo = (serverInfo: unknown, result: Fields): Fields =>
  serverInfo === undefined ? result : { ...result, _meta: { ...metaOf(result), [serverInfoKey]: serverInfo } }

/**
 * Gives what a tool gave, if that can be its result. Throws a `TypeError` that names the tool and what is wrong.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireToolResult = (tool: string, given: unknown): Fields => {
  if (!Predicate.isReadonlyObject(given)) {
    const what = given === null ? "null" : Array.isArray(given) ? "an array" : typeof given
    throw new TypeError(
      `Tool '${tool}' gave ${what} where a result is due: an object with content, or with structuredContent`
    )
  }
  if (given["resultType"] === "input_required") {
    throw new TypeError(
      `Tool '${tool}' gave an input_required result. A tool that may run as a task asks by its TaskContext: elicit, ` +
        "sample, request or suspend."
    )
  }
  return given
}

/**
 * Gives a result, unless JSON cannot carry it. Then it throws a `TypeError` that names the tool: the SDKs would answer nothing at all.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireSendable = <Result extends Fields>(tool: string, result: Result): Result => {
  try {
    JSON.stringify(result)
    return result
  } catch (error) {
    throw new TypeError(`Tool '${tool}' gave a result that JSON cannot carry`, { cause: error })
  }
}
