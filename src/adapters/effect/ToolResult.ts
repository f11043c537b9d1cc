/**
 * The results of tools, as they are stored and as they are sent.
 *
 * @since 0.2.0
 */
import * as McpSchema from "effect/ai/McpSchema"
import type * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { relatedTaskKey, serverInfoKey } from "./protocolNames.ts"

/**
 * Gives a result the form in which it is stored.
 *
 * @since 0.2.0
 * @category converting
 */
export const encodeToolResult: (result: McpSchema.CallToolResult) => Effect.Effect<unknown, Schema.SchemaError> = Schema
  .encodeEffect(Schema.toCodecJson(McpSchema.CallToolResult))

/**
 * Makes the result of a call that the tool refuses, as Effect's server answers it.
 *
 * @since 0.2.0
 * @category constructors
 */
export const errorResult = (message: string): McpSchema.CallToolResult =>
  new McpSchema.CallToolResult({ content: [{ type: "text", text: message }], isError: true })

/** The result of a call whose answer is in its slot. */
export const placeholder: McpSchema.CallToolResult = new McpSchema.CallToolResult({ content: [] })

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
 * Gives a stored result as revision 2026-07-28 answers it.
 *
 * @since 0.2.0
 * @category converting
 */
export const toResult20260728 = (serverInfo: unknown, stored: unknown): Fields => {
  const result: Fields = Predicate.isReadonlyObject(stored) ? stored : {}
  return { ...result, resultType: "complete", _meta: { ...metaOf(result), [serverInfoKey]: serverInfo } }
}
