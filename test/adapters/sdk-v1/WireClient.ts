/** A client of revision 2025-11-25 over HTTP that shows every message on the wire. */

type Message = { readonly [key: string]: unknown }

/** The messages of one answer, and what ends it. */
export interface Answer {
  /** All that came so far. */
  readonly messages: ReadonlyArray<Message>
  /** Done when the server has begun to answer. */
  readonly begun: Promise<void>
  /** The response; `undefined` where the stream ended without. */
  readonly response: Promise<Message | undefined>
  /** Closes the connection, as a client does that is gone. */
  readonly drop: () => void
  /** Takes up its stream again where it was dropped, on a server that keeps events. */
  readonly resume: () => Answer
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
    const id = this.#next++
    return this.#answer(id, (signal) => this.#post({ jsonrpc: "2.0", id, method, params }, signal))
  }

  #answer(id: number, send: (signal: AbortSignal) => Promise<Response>): Answer {
    const messages: Array<Message> = []
    const connection = new AbortController()
    const posted = send(connection.signal)
    let lastEvent = ""
    const read = async (): Promise<Message | undefined> => {
      const response = await posted
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
            for (const line of event.split("\n")) {
              if (line.startsWith("id: ")) lastEvent = line.slice("id: ".length)
              if (line.startsWith("data: {")) add(line.slice("data: ".length))
            }
          }
        }
      }
      return messages.find((message) => message["id"] === id && message["method"] === undefined)
    }
    return {
      messages,
      begun: posted.then(() => undefined, () => undefined),
      response: read().catch(() => undefined),
      drop: () => connection.abort(),
      resume: () =>
        this.#answer(
          id,
          (signal) => fetch(this.#url, { headers: this.#headers({ "last-event-id": lastEvent }), signal })
        )
    }
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

  #headers(others: Readonly<Record<string, string>>): Record<string, string> {
    return {
      ...others,
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-11-25",
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      ...(this.#session === undefined ? {} : { "mcp-session-id": this.#session })
    }
  }

  #post(message: Message, signal?: AbortSignal): Promise<Response> {
    return fetch(this.#url, {
      method: "POST",
      headers: this.#headers({ "content-type": "application/json" }),
      body: JSON.stringify(message),
      ...(signal === undefined ? {} : { signal })
    })
  }
}
