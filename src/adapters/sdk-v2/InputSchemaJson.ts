/**
 * The JSON schema of a tool's arguments.
 *
 * @since 0.2.0
 */
import type { McpServer } from "@modelcontextprotocol/server"
import { knowInputSchema } from "./sdkSeams.ts"

/**
 * The JSON schema of one tool, which the SDK makes once and not for each server.
 *
 * @since 0.2.0
 * @category models
 */
export class InputSchemaJson {
  #isOffered = false
  #made: { readonly json: Readonly<Record<string, unknown>> | undefined } | undefined

  /** Shares it with a server on which the tool was just registered. A tool of one server alone has nothing to share. */
  share(mcp: McpServer, tool: string): void {
    if (!this.#isOffered) {
      this.#isOffered = true
      return
    }
    this.#made ??= { json: mcp.toolInputSchemaJson(tool) }
    // There is none if the SDK cannot make one, which it says where the tool is listed.
    if (this.#made.json !== undefined) knowInputSchema(mcp, tool, this.#made.json)
  }
}
