/** Servers of the official SDK over HTTP, with sessions or without, and a client that shows every message on the wire. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import type { OpenedSdkTasks } from "mcp-task-storage/sdk"
import { once } from "node:events"
import { createServer, type IncomingMessage } from "node:http"
import { onTestFinished } from "vitest"

export interface ServeOptions {
  /** A server for each request, as those have that keep no session. */
  readonly stateless?: boolean
  readonly json?: boolean
  /** Whether requests go through `tasks.handleRequest`. */
  readonly wrapped?: boolean
  readonly register: (server: McpServer) => void
}

/** What a bearer token says. */
const authInfoOf = (request: IncomingMessage) => {
  const token = request.headers.authorization?.replace("Bearer ", "")
  return token === undefined ? undefined : { token, clientId: token, scopes: [] }
}

export const serveHttp = async (tasks: OpenedSdkTasks, options: ServeOptions): Promise<string> => {
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const open = async () => {
    const server = new McpServer({ name: "server", version: "1" }, {
      capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
      taskStore: tasks.taskStore,
      taskMessageQueue: tasks.taskMessageQueue
    })
    options.register(server)
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      ...(options.stateless === true ? {} : { sessionIdGenerator: () => crypto.randomUUID() }),
      enableJsonResponse: options.json === true,
      onsessioninitialized: (id) => {
        transports.set(id, transport)
      }
    })
    // The SDK's own types differ where optional properties are exact.
    await Reflect.apply(McpServer.prototype.connect, server, [transport])
    return transport
  }
  const http = createServer(async (request, response) => {
    const id = request.headers["mcp-session-id"]
    const transport = (typeof id === "string" ? transports.get(id) : undefined) ?? await open()
    if (options.stateless === true) response.on("close", () => void transport.close())
    const auth = authInfoOf(request)
    const authenticated = auth === undefined ? request : Object.assign(request, { auth })
    if (options.wrapped === true) await tasks.handleRequest(transport, authenticated, response)
    else {await Reflect.apply(StreamableHTTPServerTransport.prototype.handleRequest, transport, [
        authenticated,
        response
      ])}
  })
  http.listen(0, "127.0.0.1")
  await once(http, "listening")
  onTestFinished(async () => {
    for (const transport of transports.values()) await transport.close()
    http.closeAllConnections()
    http.close()
  })
  const address = http.address()
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/mcp`
}

type Message = { readonly [key: string]: unknown }

/** The messages of one answer, and what ends it. */
export interface Answer {
  /** All that came so far. */
  readonly messages: ReadonlyArray<Message>
  /** The response; `undefined` where the stream ended without. */
  readonly response: Promise<Message | undefined>
  /** Closes the connection, as a client does that is gone. */
  readonly drop: () => void
}

const isMessage = (value: unknown): value is Message => typeof value === "object" && value !== null

/** A client that keeps the messages that it gets. */
export class WireClient {
  readonly #url: string
  readonly #token: string | undefined
  #session: string | undefined
  #next = 0

  constructor(url: string, token?: string) {
    this.#url = url
    this.#token = token
  }

  /** Begins a session, if the server has one. */
  async begin(capabilities: Message = { elicitation: {} }): Promise<void> {
    const params = { protocolVersion: "2025-11-25", capabilities, clientInfo: { name: "wire", version: "1" } }
    const response = await this.#post({ jsonrpc: "2.0", id: this.#next++, method: "initialize", params })
    this.#session = response.headers.get("mcp-session-id") ?? undefined
    await response.text()
    await this.send({ jsonrpc: "2.0", method: "notifications/initialized" })
  }

  /** Sends what is no request. */
  async send(message: Message): Promise<void> {
    await (await this.#post(message)).text()
  }

  request(method: string, params: Message): Answer {
    const messages: Array<Message> = []
    const connection = new AbortController()
    const id = this.#next++
    const read = async (): Promise<Message | undefined> => {
      const response = await this.#post({ jsonrpc: "2.0", id, method, params }, connection.signal)
      const add = (text: string): void => {
        const message: unknown = JSON.parse(text)
        if (isMessage(message)) messages.push(message)
      }
      if (response.headers.get("content-type")?.includes("json") === true) add(await response.text())
      else {
        let text = ""
        for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
          const events = (text + chunk).split("\n\n")
          text = events.pop() ?? ""
          for (const event of events) {
            for (const line of event.split("\n")) if (line.startsWith("data: {")) add(line.slice("data: ".length))
          }
        }
      }
      return messages.find((message) => message["id"] === id && message["method"] === undefined)
    }
    return { messages, response: read().catch(() => undefined), drop: () => connection.abort() }
  }

  /** Calls a method and gives its result, or its error. */
  async ask(method: string, params: Message = {}): Promise<Message> {
    const response = await this.request(method, params).response
    const answer = response?.["result"] ?? response?.["error"]
    return isMessage(answer) ? answer : {}
  }

  /** Calls a tool as a task, and gives the id of that. */
  async start(name: string, args: Message = {}): Promise<string> {
    const { task } = await this.ask("tools/call", { name, arguments: args, task: {} })
    const taskId = isMessage(task) ? task["taskId"] : undefined
    if (typeof taskId !== "string") throw new Error("The call became no task")
    return taskId
  }

  #post(message: Message, signal?: AbortSignal): Promise<Response> {
    return fetch(this.#url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2025-11-25",
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(this.#session === undefined ? {} : { "mcp-session-id": this.#session })
      },
      body: JSON.stringify(message),
      ...(signal === undefined ? {} : { signal })
    })
  }
}
