/**
 * Errors in the class of the official SDK, which sends the message, the `code` and the `data` of what a handler rejects with.
 *
 * @since 0.2.0
 */
import { McpError } from "@modelcontextprotocol/sdk/types.js"
import type { WireError } from "../../protocol/WireError.ts"

/**
 * Makes the error that reaches a client as this one. `McpError` puts the code before its message, and the SDK sends both: the
 * message would not stay itself.
 *
 * @since 0.2.0
 * @category converting
 */
export const toMcpError = ({ code, data, message }: WireError): McpError => {
  const error = new McpError(code, message, data)
  error.message = message
  return error
}

/**
 * Gives an error of the SDK's as it was before the SDK put its code before the message.
 *
 * @since 0.2.0
 * @category converting
 */
export const fromMcpError = ({ code, data, message }: McpError): WireError => {
  const prefix = `MCP error ${code}: `
  const plain = message.startsWith(prefix) ? message.slice(prefix.length) : message
  return data === undefined ? { code, message: plain } : { code, message: plain, data }
}
