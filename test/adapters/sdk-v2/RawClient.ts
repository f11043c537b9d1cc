/**
 * A client of protocol revision 2026-07-28 without an SDK, so that a test sees and says everything on the wire.
 */
import { setTimeout as sleep } from "node:timers/promises"

type JsonObject = { readonly [key: string]: unknown }

export const tasksExtension = "io.modelcontextprotocol/tasks"

export interface Answer {
  readonly status: number
  readonly result: JsonObject | undefined
  readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } | undefined
}

export interface RawOptions {
  readonly url: string
  readonly token?: string
  /** What the client can do; the Tasks extension and elicitation by default. */
  readonly capabilities?: JsonObject
}

export const capable: JsonObject = { elicitation: {}, sampling: {}, extensions: { [tasksExtension]: {} } }

const read = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined

export const text = (value: unknown): string => {
  if (typeof value !== "string") throw new Error(`not a string: ${JSON.stringify(value)}`)
  return value
}

export class RawClient {
  readonly #options: RawOptions
  #id = 0

  constructor(options: RawOptions) {
    this.#options = options
  }

  /** Sends any request; `headers` replace what a correct client sends, `undefined` leaves a header out. */
  async send(
    method: string,
    params: JsonObject = {},
    headers: { readonly [name: string]: string | undefined } = {}
  ): Promise<Answer> {
    const { capabilities = capable, token, url } = this.#options
    const name = params["taskId"] ?? params["name"]
    const all = {
      "content-type": "application/json",
      "accept": "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      "mcp-name": typeof name === "string" ? name : undefined,
      "authorization": token === undefined ? undefined : `Bearer ${token}`,
      ...headers
    }
    const sent = new Headers()
    for (const [key, value] of Object.entries(all)) if (value !== undefined) sent.set(key, value)
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": capabilities
    }
    const response = await fetch(url, {
      method: "POST",
      headers: sent,
      body: JSON.stringify({ jsonrpc: "2.0", id: ++this.#id, method, params: { _meta: meta, ...params } })
    })
    const body: unknown = await response.json()
    const result = read(body, "result")
    const error = read(body, "error")
    return {
      status: response.status,
      result: typeof result === "object" && result !== null ? { ...result } : undefined,
      error: typeof error === "object" && error !== null
        ? {
          code: Number(read(error, "code")),
          message: String(read(error, "message")),
          ...(read(error, "data") === undefined ? {} : { data: read(error, "data") })
        }
        : undefined
    }
  }

  call(name: string, args: JsonObject = {}, more: JsonObject = {}): Promise<Answer> {
    return this.send("tools/call", { name, arguments: args, ...more })
  }

  /** Calls a tool that runs as a task; gives the id of that. */
  async start(name: string, args: JsonObject = {}): Promise<string> {
    const answer = await this.call(name, args)
    if (answer.result?.["resultType"] !== "task") throw new Error(`no task: ${JSON.stringify(answer)}`)
    return text(answer.result["taskId"])
  }

  get(taskId: string): Promise<Answer> {
    return this.send("tasks/get", { taskId })
  }

  update(taskId: string, inputResponses: JsonObject): Promise<Answer> {
    return this.send("tasks/update", { taskId, inputResponses })
  }

  cancel(taskId: string): Promise<Answer> {
    return this.send("tasks/cancel", { taskId })
  }

  /** Polls until a task has one of the statuses. */
  async until(taskId: string, ...statuses: ReadonlyArray<string>): Promise<JsonObject> {
    for (let polls = 0; polls < 3_000; polls++) {
      const { error, result } = await this.get(taskId)
      if (result === undefined) throw new Error(`cannot read the task: ${JSON.stringify(error)}`)
      if (statuses.includes(text(result["status"]))) return result
      await sleep(20)
    }
    throw new Error(`The task never became ${statuses.join(" or ")}`)
  }
}
