/** Raw clients of both revisions: what goes over the wire, as it is. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"

export const tasksExtension = "io.modelcontextprotocol/tasks"

const Message = Schema.Struct({
  id: Schema.optional(Schema.Union([Schema.String, Schema.Finite, Schema.Null])),
  method: Schema.optional(Schema.String),
  params: Schema.optional(Schema.Record(Schema.String, Schema.Any)),
  // The tests look into these.
  result: Schema.optional(Schema.Any),
  error: Schema.optional(Schema.Struct({
    code: Schema.Finite,
    message: Schema.String,
    data: Schema.optional(Schema.Any)
  }))
})

export type Message = typeof Message.Type

/** Reads one message. */
export const decodeMessage = Schema.decodeUnknownSync(Schema.fromJsonString(Message))

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Those that came with the answer and before it. */
  readonly messages: ReadonlyArray<Message>
  readonly result: Message["result"]
  readonly error: Message["error"]
}

const readMessages = (text: string, type: string): ReadonlyArray<Message> => {
  if (text.trim() === "") return []
  if (!type.includes("text/event-stream")) return [decodeMessage(text)]
  return text.split("\n").filter((line) => line.startsWith("data: ")).map((line) => decodeMessage(line.slice(6)))
}

const polls = Schedule.spaced("50 millis")

type Params = { readonly [key: string]: unknown }
type HeaderMap = { readonly [name: string]: string | undefined }

const present = (headers: HeaderMap): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]))

const posted = { "content-type": "application/json", accept: "application/json, text/event-stream" }

const post = (url: string, headers: HeaderMap, message: unknown, signal?: AbortSignal) =>
  fetch(url, {
    method: "POST",
    headers: present({ ...posted, ...headers }),
    body: JSON.stringify(message),
    ...(signal === undefined ? {} : { signal })
  })

/** Reads the answer to a message from a response, which is a stream of events where the answer came late. */
export const readAnswer = async (response: Response, id: unknown): Promise<Answer> => {
  const messages = readMessages(await response.text(), response.headers.get("content-type") ?? "")
  const last = messages.find((message) => message.method === undefined && (message.id === id || message.id === null))
  return {
    status: response.status,
    headers: response.headers,
    messages,
    result: last?.result,
    error: last?.error
  }
}

const ask = (url: string, headers: HeaderMap, message: Params): Effect.Effect<Answer> =>
  Effect.promise(async () => readAnswer(await post(url, headers, message), message["id"]))

/** A response that is read while it is written; the scope ends it. */
export interface Open {
  /** The next message that comes; fails when none comes for a while. */
  readonly next: Effect.Effect<Message>
  readonly close: Effect.Effect<void>
}

const open = (url: string, headers: HeaderMap, message: Params) =>
  Effect.gen(function*() {
    const controller = new AbortController()
    const close = Effect.sync(() => controller.abort())
    yield* Effect.addFinalizer(() => close)
    const response = yield* Effect.promise(() => post(url, headers, message, controller.signal))
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
    const decoder = new TextDecoder()
    const lines: Array<string> = []
    let rest = ""
    const next = Effect.promise(async () => {
      while (true) {
        const line = lines.shift()
        if (line !== undefined) {
          if (line.startsWith("data: ")) return decodeMessage(line.slice(6))
          if (line.startsWith("{")) return decodeMessage(line)
          continue
        }
        const { done, value } = await reader.read()
        if (done) throw new Error("The stream ended")
        rest += decoder.decode(value, { stream: true })
        const parts = rest.split("\n")
        rest = parts.pop() ?? ""
        lines.push(...parts)
      }
    }).pipe(Effect.timeout("60 seconds"), Effect.orDie)
    return { next, close } satisfies Open
  })

export interface ClientOptions {
  readonly user?: string
  readonly capabilities?: Params
}

const declared: Params = { extensions: { [tasksExtension]: {} }, elicitation: { form: {} } }

/** A client of revision 2026-07-28. */
export const modern = (url: string, options: ClientOptions = {}) => {
  let id = 0
  const envelope = (method: string, params: Params, headers: HeaderMap) => {
    const name = params["taskId"] ?? params["name"]
    return {
      headers: {
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": method,
        "mcp-name": typeof name === "string" ? name : undefined,
        "x-user": options.user,
        ...headers
      },
      message: {
        jsonrpc: "2.0",
        id: ++id,
        method,
        params: {
          ...params,
          _meta: {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
            "io.modelcontextprotocol/clientCapabilities": options.capabilities ?? declared,
            ...(Predicate.isReadonlyObject(params["_meta"]) ? params["_meta"] : {})
          }
        }
      }
    }
  }
  const call = (method: string, params: Params = {}, headers: HeaderMap = {}) => {
    const made = envelope(method, params, headers)
    return ask(url, made.headers, made.message)
  }
  const get = (taskId: string) => call("tasks/get", { taskId })
  return {
    call,
    /** The headers and the message of a request. */
    envelope: (method: string, params: Params) => {
      const { headers, message } = envelope(method, params, {})
      return { headers: { ...posted, ...present(headers) }, message }
    },
    get,
    tool: (name: string, args: Params = {}) => call("tools/call", { name, arguments: args }),
    open: (method: string, params: Params = {}) => {
      const made = envelope(method, params, {})
      return open(url, made.headers, made.message)
    },
    /** Polls until the task has this status. */
    until: (taskId: string, status: string) =>
      get(taskId).pipe(
        Effect.repeat({ until: ({ result }) => result?.status === status, schedule: polls }),
        Effect.timeout("60 seconds"),
        Effect.orDie
      )
  }
}

/** A client of revision 2025-11-25, which has been initialized. */
export const legacy = Effect.fnUntraced(function*(url: string, options: ClientOptions = {}) {
  let id = 0
  const user = { "x-user": options.user }
  const initialized = yield* ask(url, user, {
    jsonrpc: "2.0",
    id: 0,
    method: "initialize",
    params: {
      protocolVersion: "2025-11-25",
      clientInfo: { name: "test", version: "1" },
      capabilities: options.capabilities ?? { elicitation: { form: {} }, sampling: {} }
    }
  })
  const headers = {
    ...user,
    "mcp-session-id": initialized.headers.get("mcp-session-id") ?? undefined,
    "mcp-protocol-version": "2025-11-25"
  }
  yield* ask(url, headers, { jsonrpc: "2.0", method: "notifications/initialized" })
  const message = (method: string, params: Params | undefined) => ({
    jsonrpc: "2.0",
    id: ++id,
    method,
    ...(params === undefined ? {} : { params })
  })
  const call = (method: string, params?: Params) => ask(url, headers, message(method, params))
  return {
    url,
    /** The headers and the message of a request. */
    envelope: (method: string, params: Params) => ({
      headers: { ...posted, ...present(headers) },
      message: message(method, params)
    }),
    initialized,
    call,
    tool: (name: string, args: Params = {}) => call("tools/call", { name, arguments: args }),
    task: (name: string, args: Params = {}, task: Params = {}) => call("tools/call", { name, arguments: args, task }),
    open: (method: string, params: Params) => open(url, headers, message(method, params)),
    /** Answers a request of the server's with an error. */
    refuse: (request: Message, error: { readonly code: number; readonly message: string }) =>
      ask(url, headers, { jsonrpc: "2.0", id: request.id, error }),
    /** Answers a request of the server's. */
    respond: (request: Message, result: unknown) => ask(url, headers, { jsonrpc: "2.0", id: request.id, result }),
    until: (taskId: string, status: string) =>
      call("tasks/get", { taskId }).pipe(
        Effect.repeat({ until: ({ result }) => result?.status === status, schedule: polls }),
        Effect.timeout("60 seconds"),
        Effect.orDie
      )
  }
})

/** Reads the id of the task that a call became. */
export const taskIdOf = ({ result }: Answer): string => {
  const task: unknown = result?.task ?? result
  if (Predicate.hasProperty(task, "taskId") && typeof task.taskId === "string") return task.taskId
  throw new Error(`Not a task: ${JSON.stringify(result)}`)
}
