/**
 * The server function, behind a function URL: it answers the requests of MCP clients, and runs no task.
 *
 * Whoever calls sends `Authorization: Bearer NAME`, and reaches the tasks of NAME. A real server verifies a token there.
 */
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server"
import { tasks } from "./tasks.ts"

/** What a function URL hands to a function. */
export interface UrlEvent {
  readonly rawPath: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly requestContext: { readonly domainName: string; readonly http: { readonly method: string } }
  readonly body?: string
  readonly isBase64Encoded: boolean
}

/** What the function answers. */
export interface UrlAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

// Clients poll: a stream would hold an invocation for as long as it is open.
const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: "reports", version: "1.0.0" })
  tasks.attach(server)
  return server
}, { responseMode: "json" })

export const handler = async (event: UrlEvent): Promise<UrlAnswer> => {
  const { body, isBase64Encoded, rawPath, requestContext: { domainName, http: { method } } } = event
  const headers = new Headers()
  for (const [name, value] of Object.entries(event.headers)) if (value !== undefined) headers.set(name, value)
  const request = new Request(`https://${domainName}${rawPath}`, {
    method,
    headers,
    body: body === undefined ? null : Buffer.from(body, isBase64Encoded ? "base64" : "utf8")
  })
  const name = /^Bearer (\S+)$/i.exec(headers.get("authorization") ?? "")?.[1]
  const response = await mcp.fetch(
    request,
    name === undefined ? {} : { authInfo: { token: name, clientId: name, scopes: [] } }
  )
  return {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text()
  }
}
