/** The official client of Tasks, `@modelcontextprotocol/ext-tasks`, in either revision. */
import { Client, type ClientOptions, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import {
  type ApplicationElicitResult,
  type ApplicationInputRequest,
  createApplicationInputHandler,
  createTaskSessionFromClient,
  type RawClientDispatch
} from "@modelcontextprotocol/ext-tasks/client"
import { toJsonValue } from "@modelcontextprotocol/ext-tasks/core"
import { onTestFinished } from "vitest"
import * as z from "zod"
import { readAnswer } from "../../../support/wire.ts"

export type Revision = "2025-11-25" | "2026-07-28"

type Headers = Readonly<Record<string, string>>

interface ExtTasksOptions {
  /** What tells the server who the client is. */
  readonly headers?: Headers
  /** What the person at the client answers; it never does by default. */
  readonly answer?: () => Promise<ApplicationElicitResult>
}

const clientInfo = { name: "ext-tasks", version: "1" }
const capabilities = { elicitation: {}, sampling: {} }

const Request = z.object({ method: z.string(), params: z.record(z.string(), z.unknown()).default({}) })

/** The wire codecs of the SDK's client refuse tasks of revision 2026-07-28, so its host sends what concerns them. */
const dispatchRaw = (url: string, headers: Headers): RawClientDispatch => {
  let lastId = 0
  return async (request) => {
    const { method, params } = Request.parse(request)
    const id = ++lastId
    const response = await fetch(url, {
      method: "POST",
      headers: {
        ...headers,
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": method,
        "mcp-name": String(params["taskId"] ?? params["name"])
      },
      body: JSON.stringify({ jsonrpc: "2.0", id, method, params })
    })
    const { error, result } = await readAnswer(response, id)
    return error === undefined
      ? { kind: "result", result: toJsonValue(result) }
      : { kind: "error", error: { ...error, data: toJsonValue(error.data ?? null) } }
  }
}

/** How a client is bound to a server of each revision. */
const bindings = (url: string, headers: Headers) => ({
  "2025-11-25": { client: { capabilities }, session: {} },
  "2026-07-28": {
    client: { capabilities, versionNegotiation: { mode: "auto" } },
    session: {
      rawDispatch: dispatchRaw(url, headers),
      v2RequestFraming: { protocolVersion: "2026-07-28", clientInfo, clientCapabilities: capabilities }
    }
  }
} as const satisfies { readonly [_ in Revision]: { readonly client: ClientOptions; readonly session: object } })

/** Connects a client and opens its session of tasks. References to tasks hold in all sessions of these tests. */
export const connectExtTasks = async (
  url: string,
  revision: Revision,
  { answer, headers = { "x-user": "ann" } }: ExtTasksOptions = {}
) => {
  const binding = bindings(url, headers)[revision]
  const client = new Client(clientInfo, binding.client)
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }))
  const asked: Array<ApplicationInputRequest> = []
  const errors: Array<string> = []
  const session = createTaskSessionFromClient(client, {
    ...binding.session,
    endpointId: "clients",
    onError: ({ message }) => errors.push(message),
    onInputRequest: createApplicationInputHandler({
      elicitation: (request) => {
        asked.push(request)
        return answer?.() ?? new Promise(() => {})
      },
      sampling: (request) => {
        asked.push(request)
        return { model: "parrot", role: "assistant", content: { type: "text", text: "Because." } }
      },
      roots: () => ({ roots: [] })
    })
  })
  onTestFinished(async () => {
    await session.close()
    await client.close()
  })
  return { asked, client, errors, session }
}
