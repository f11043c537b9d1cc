/**
 * The results of tools, as they are stored.
 *
 * @since 0.2.0
 */
import * as McpSchema from "effect/ai/McpSchema"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

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
