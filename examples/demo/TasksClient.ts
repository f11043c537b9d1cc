/**
 * The official client of the Tasks extension. What it says of tasks goes to whichever server is there, as behind a load
 * balancer.
 */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import {
  createApplicationInputHandler,
  createTaskSessionFromClient,
  type RawClientDispatch,
  type TaskEnabledSession
} from "@modelcontextprotocol/ext-tasks/client"
import { toJsonValue } from "@modelcontextprotocol/ext-tasks/core"
import * as z from "zod"

const clientInfo = { name: "demo", version: "1.0.0" }
const clientCapabilities = { elicitation: {}, extensions: { "io.modelcontextprotocol/tasks": {} } }
const protocolVersion = "2026-07-28"
const authorization = "Bearer demo"

const Request = z.object({ method: z.string(), params: z.record(z.string(), z.unknown()).default({}) })

const Answer = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }).optional()
})

export class TasksClient {
  /** The server that it talks to. */
  url: string
  readonly #client: Client
  readonly #session: TaskEnabledSession
  #requests = 0

  private constructor(url: string, client: Client, agree: () => Promise<boolean>) {
    this.url = url
    this.#client = client
    this.#session = createTaskSessionFromClient(client, {
      endpointId: "reports",
      rawDispatch: this.#dispatch,
      v2RequestFraming: { protocolVersion, clientInfo, clientCapabilities: { elicitation: {} } },
      onInputRequest: createApplicationInputHandler({
        elicitation: async () => ({ action: "accept", content: { agree: await agree() } }),
        sampling: () => unasked("sampling"),
        roots: () => unasked("roots")
      })
    })
  }

  /** Connects to a server. `agree` is the person who is asked. */
  static async connect(url: string, agree: () => Promise<boolean>): Promise<TasksClient> {
    const client = new Client(clientInfo, { versionNegotiation: { mode: "auto" } })
    await client.connect(
      new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization } } })
    )
    return new TasksClient(url, client, agree)
  }

  /** Calls a tool, whose result is awaited later. */
  call(tool: string, args: { readonly [key: string]: string | number }): ReturnType<TaskEnabledSession["callTool"]> {
    return this.#session.callTool(tool, args)
  }

  async close(): Promise<void> {
    await this.#session.close()
    await this.#client.close()
  }

  readonly #dispatch: RawClientDispatch = async (request) => {
    const { method, params } = Request.parse(request)
    const { error, result } = await this.#send(method, params)
    return error === undefined
      ? { kind: "result", result: toJsonValue(result) }
      : { kind: "error", error: { ...error, data: toJsonValue(error.data ?? null) } }
  }

  async #send(method: string, params: { readonly [key: string]: unknown }): Promise<z.infer<typeof Answer>> {
    const meta = {
      "io.modelcontextprotocol/protocolVersion": protocolVersion,
      "io.modelcontextprotocol/clientInfo": clientInfo,
      "io.modelcontextprotocol/clientCapabilities": clientCapabilities
    }
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: ++this.#requests,
      method,
      params: { ...params, _meta: meta }
    })
    const headers = {
      authorization,
      "content-type": "application/json",
      "accept": "application/json, text/event-stream",
      "mcp-protocol-version": protocolVersion,
      "mcp-method": method,
      "mcp-name": String(params["taskId"] ?? params["name"])
    }
    let answer: unknown
    for (let tries = 0;; tries++) {
      try {
        answer = await (await fetch(this.url, { method: "POST", headers, body })).json()
        break
      } catch (error) {
        // A server that has died is no longer sent to; whoever is there answers the next time.
        if (tries === 100) throw error
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    return Answer.parse(answer)
  }
}

const unasked = (what: string): never => {
  throw new Error(`Nobody was to ask for ${what}`)
}
