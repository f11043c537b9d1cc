/**
 * The request that opens a subscription, as it looks on the wire.
 */
import { capable } from "./RawClient.ts"

type JsonObject = { readonly [key: string]: unknown }

export const listenRequest = (notifications: JsonObject, token = "ann", capabilities: JsonObject = capable) => ({
  headers: {
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "subscriptions/listen",
    "authorization": `Bearer ${token}`
  },
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: "sub-1",
    method: "subscriptions/listen",
    params: {
      _meta: {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
        "io.modelcontextprotocol/clientCapabilities": capabilities
      },
      notifications
    }
  })
})
