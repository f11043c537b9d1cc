/** That a body is counted while it is read, whatever its header says of its length. */
import { assert, describe, it } from "@effect/vitest"
import { createMcpHandler, type CreateMcpHandlerOptions, McpServer } from "@modelcontextprotocol/server"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import * as McpTasks from "mcp-task-storage/mcp"
import * as TaskRunner from "mcp-task-storage/runner"
import { openSdkTasks } from "mcp-task-storage/sdk"
import { anonymous, TasksExtension, type TasksExtensionOptions } from "mcp-task-storage/sdk-v2"
import { once } from "node:events"
import { createConnection } from "node:net"
import * as z from "zod"
import { limitReached } from "../../src/protocol/OwnerLimits.ts"
import { freshFile } from "../layers/sqlite/database.ts"
import { effectServer } from "../protocol/behaviours/effectServer.ts"
import { sdkV1Server } from "../protocol/behaviours/sdkV1Server.ts"
import { sdkV2Server } from "../protocol/behaviours/sdkV2Server.ts"
import { behaviourTools } from "../protocol/behaviours/tools.ts"
import { toolCall } from "../support/toolCall.ts"
import { decodeMessage } from "../support/wire.ts"
import { memory } from "./effect/servers.ts"
import { taskTools } from "./effect/tools.ts"
import { serveHttp } from "./sdk-v1/httpServer.ts"

const limits = { requestBytes: 5000 }

type Fetch = (request: Request) => Promise<Response>

const sdkHandler = (
  options: CreateMcpHandlerOptions,
  owner: TasksExtensionOptions["owner"] = anonymous
): Effect.Effect<Fetch, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const tasks = new TasksExtension({ storage: "memory:", owner, limits, shutdownTimeout: 0 })
        tasks.registerTool("greet", { inputSchema: z.looseObject({}) }, () => ({ content: [] }))
        await tasks.ready()
        return tasks
      }),
      (tasks) => Effect.promise(() => tasks.close())
    ),
    (tasks) => {
      const handler = tasks.listen(createMcpHandler(() => {
        const server = new McpServer({ name: "test", version: "1" })
        tasks.attach(server)
        return server
      }, options))
      return (request) => handler.fetch(request)
    }
  )

/** Servers that are given requests as objects, whose headers nobody has held against the body. */
const handlers: ReadonlyArray<readonly [name: string, Effect.Effect<Fetch, never, Scope.Scope>]> = [
  [
    "Effect",
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() =>
          HttpRouter.toWebHandler(
            McpTasks.layerHttpRequestScoped({
              name: "test",
              version: "1.0.0",
              path: "/mcp",
              protocols: [McpProtocol.v2026_07_28],
              registrations: taskTools,
              owner: McpTasks.anonymous,
              limits
            }).pipe(Layer.provide(TaskRunner.layer({ shutdownTimeout: 10 })), Layer.provide(memory)),
            { disableLogger: true }
          )
        ),
        ({ dispose }) => Effect.promise(dispose)
      ),
      ({ handler }) => (request) => handler(request)
    )
  ],
  ["SDK v2", sdkHandler({})]
]

const lengths = [undefined, "10", "5000", "010", "10, 10", "abc", "-1", "0x10", "1e1", ""]

describe.each(handlers)("a request object of %s", (_, opened) => {
  it.live.each(lengths)("is refused over the limit where its header says %s", (length) =>
    Effect.gen(function*() {
      const fetch = yield* opened
      const headers: Record<string, string> = length === undefined ? {} : { "content-length": length }
      const post = (args: object) => Effect.promise(() => fetch(toolCall("greet", args, { headers })))
      const refused = yield* post({ name: "x".repeat(6000) })
      assert.strictEqual(refused.status, 413)
      const { error } = decodeMessage(yield* Effect.promise(() => refused.text()))
      assert.deepStrictEqual(error, limitReached("requestBytes", 5000))
      // Effect refuses one that is longer than its header says, however small.
      const answered = yield* post({ name: "Ann" })
      assert.strictEqual(answered.status, 200)
      if (length === undefined) assert.include(yield* Effect.promise(() => answered.text()), "\"result\"")
    }))

  it.live("is answered as a bad one where it is no JSON", () =>
    Effect.gen(function*() {
      const fetch = yield* opened
      const bad = new Request(toolCall("greet", {}), { method: "POST", body: "{" })
      const answered = yield* Effect.promise(() => fetch(bad))
      const { error } = decodeMessage(yield* Effect.promise(() => answered.text()))
      assert.strictEqual(error?.code, -32700)
    }))
})

describe("a lower limit of a handler of SDK v2", () => {
  it.live.each([...lengths, "exact"])(
    "holds behind tasks.listen where the header says %s",
    (length) =>
      Effect.gen(function*() {
        const fetch = yield* sdkHandler({ maxRequestBodySize: 2000 })
        const post = (size: number) =>
          Effect.promise(async () => {
            const request = toolCall("greet", { name: "x".repeat(size) })
            const { byteLength } = await request.clone().arrayBuffer()
            if (length !== undefined) {
              request.headers.set("content-length", length === "exact" ? `${byteLength}` : length)
            }
            const { status } = await fetch(request)
            return status
          })
        const answered = [200, 200, 200]
        assert.strictEqual(yield* post(3000), 413)
        // The SDK itself refuses what says that it is too large.
        if (Number(length) > 2000) return
        assert.deepStrictEqual(yield* Effect.forEach([10, 10, 1000], post), answered)
        assert.strictEqual(yield* post(3000), 413)
        assert.deepStrictEqual(yield* Effect.forEach([1000, 10, 1200], post), answered)
        assert.strictEqual(yield* post(1700), 413)
        assert.strictEqual(yield* post(6000), 413)
      })
  )

  it.live("leaves owners the request as it came, however often it is read", () =>
    Effect.gen(function*() {
      const seen = new Set<unknown>()
      const fetch = yield* sdkHandler({}, (_, request) => {
        seen.add(request)
        return "ann"
      })
      for (const headers of [{}, { "content-length": "3000" }, { "content-length": "400" }]) {
        const request = toolCall("greet", {}, { headers })
        yield* Effect.promise(() => fetch(request))
        assert.isTrue(seen.has(request), JSON.stringify(headers))
      }
    }))
})

/** Sends bytes as they are, and gives the first line of the answer. */
const send = (url: string, headers: ReadonlyArray<string>, body: string) =>
  Effect.promise(async () => {
    const { hostname, pathname, port } = new URL(url)
    const socket = createConnection(Number(port), hostname)
    socket.on("error", () => {})
    const usual = [`host: ${hostname}`, "content-type: application/json", "accept: application/json, text/event-stream"]
    socket.write(`POST ${pathname} HTTP/1.1\r\n${[...usual, ...headers].join("\r\n")}\r\n\r\n${body}`)
    const [answer] = await Promise.race([once(socket, "data"), once(socket, "close")])
    socket.destroy()
    return String(answer).split("\r\n")[0]
  })

const message = (padding: string) => JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping", params: { padding } })
const chunked = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`
const large = message("x".repeat(6000))

describe.each([effectServer, sdkV1Server, sdkV2Server])("bytes on a socket of $name", (server) => {
  it.live("are no more than the header says, and than the limit", () =>
    Effect.gen(function*() {
      const url = yield* server.start(yield* freshFile, behaviourTools, limits)
      for (
        const [headers, body, status] of [
          [["content-length: 10"], large, 400],
          [[`content-length: ${large.length}`], large, 413],
          [["content-length: abc"], large, 400],
          [["content-length: -1"], large, 400],
          [["content-length: 10", "content-length: 20"], large, 400],
          [["content-length: 10", "transfer-encoding: chunked"], chunked(large), 400],
          [["transfer-encoding: chunked"], chunked(large), 413],
          // Effect says in its answer what is wrong.
          [["transfer-encoding: chunked"], chunked("{"), server === effectServer ? 200 : 400]
        ] as const
      ) {
        const answer = yield* send(url, headers, body).pipe(Effect.timeout("60 seconds"))
        assert.match(answer ?? "", new RegExp(`^HTTP/1.1 ${status} `), headers.join())
      }
    }).pipe(Effect.provide(Logger.layer([]))))
})

describe("a lower limit of a transport of SDK v1", () => {
  it.live("holds behind tasks.handleRequest", () =>
    Effect.gen(function*() {
      const tasks = yield* Effect.acquireRelease(
        Effect.promise(() => openSdkTasks("memory:", { limits, owner: () => undefined })),
        (tasks) => Effect.promise(() => tasks.close())
      )
      const served = { wrapped: true, maxRequestBodySize: 2000, register: () => {} }
      const url = yield* Effect.promise(() => serveHttp(tasks, served))
      const [small, lower] = [message("x"), message("x".repeat(3000))]
      for (
        const [headers, body, status] of [
          [[`content-length: ${lower.length}`], lower, 413],
          [["transfer-encoding: chunked"], chunked(lower), 413],
          // It is part of no session.
          [[`content-length: ${small.length}`], small, 400],
          [["transfer-encoding: chunked"], chunked(small), 400]
        ] as const
      ) {
        const answer = yield* send(url, headers, body).pipe(Effect.timeout("60 seconds"))
        assert.match(answer ?? "", new RegExp(`^HTTP/1.1 ${status} `), headers.join())
      }
    }))
})
