/** That a call which is no task is answered as on Effect's own server, whatever its tool gives, and by which way the answer leaves it. */
import { assert, describe, it } from "@effect/vitest"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as McpSchema from "effect/ai/McpSchema"
import * as McpServer from "effect/ai/McpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { modern } from "../../support/wire.ts"
import { serve } from "./server.ts"
import { memory } from "./servers.ts"

const text = { type: "text", text: "done" } as const
const data = new TextEncoder().encode("bytes")

const gives = (result: ConstructorParameters<typeof McpSchema.CallToolResult>[0]) =>
  Effect.succeed(new McpSchema.CallToolResult(result))

/** What a program without a compiler may give. */
const literally = (json: string): Effect.Effect<McpSchema.CallToolResult> => Effect.sync(() => JSON.parse(json))

const tools: Readonly<
  Record<string, Effect.Effect<McpSchema.CallToolResult, McpSchema.InvalidParams | McpSchema.InternalError>>
> = {
  text: gives({ content: [text] }),
  texts: gives({ content: [text, { ...text, text: "\u0000\u2028 and more" }] }),
  nothing: gives({ content: [] }),
  error: gives({ content: [text], isError: true }),
  noError: gives({ content: [text], isError: false }),
  structured: gives({ content: [text], structuredContent: { a: [1, null, { b: "c" }] } }),
  structuredNull: gives({ content: [text], structuredContent: null }),
  noJson: gives({ content: [text], structuredContent: { at: new Date(0) } }),
  infinite: gives({ content: [text], structuredContent: Infinity }),
  meta: gives({ content: [text], _meta: { own: true } }),
  annotated: gives({ content: [{ ...text, annotations: { priority: 1 } }] }),
  blockWithMeta: gives({ content: [{ ...text, _meta: { own: true } }] }),
  image: gives({ content: [{ type: "image", mimeType: "image/png", data }] }),
  mixed: gives({ content: [text, { type: "audio", mimeType: "audio/wav", data }] }),
  resource: gives({ content: [{ type: "resource", resource: { uri: "file:///a", text: "a" } }] }),
  link: gives({ content: [{ type: "resource_link", name: "a", uri: "file:///a" }] }),
  more: literally(`{ "content": [{ "type": "text", "text": "done", "more": 1 }], "more": 1 }`),
  wrongText: literally(`{ "content": [{ "type": "text", "text": 1 }] }`),
  wrongError: literally(`{ "content": [{ "type": "text", "text": "done" }], "isError": "yes" }`),
  refuses: Effect.fail(new McpSchema.InvalidParams({ message: "no" })),
  fails: Effect.fail(new McpSchema.InternalError({ message: "broken" })),
  dies: Effect.die(new Error("hunter2"))
}

const described = (name: string) => new McpSchema.Tool({ name, inputSchema: { type: "object" } })

/** Tools as Effect has them. */
const plainTools = Layer.effectDiscard(Effect.gen(function*() {
  const { addTool } = yield* McpServer.McpServer
  // Middleware is found there.
  const services = yield* Effect.context<never>()
  for (const [name, handled] of Object.entries(tools)) {
    yield* addTool({ tool: described(name), annotations: Context.empty(), services, handle: () => handled })
  }
}))

/** The same as tools that may become tasks. */
const taskTools = (taskAfter: number) =>
  Layer.effectDiscard(
    Effect.forEach(
      Object.entries(tools),
      ([name, handled]) => McpTasks.addTool({ tool: described(name), taskAfter, handle: () => handled })
    )
  )

/** Changes what the tools below it give. */
const middleware = McpServer.middleware((handled, { method }) =>
  method === "tools/call"
    ? Effect.map(handled, (result) => ({ ...result, content: [text, { ...text, text: "changed" }] }))
    : handled
)

const http = { name: "test", version: "1.0.0", path: "/mcp", protocols: [McpProtocol.v2026_07_28] } as const

const serveTasks = (registrations: Layer.Layer<never, never, McpServer.McpServer | McpTasks.TaskServer>) =>
  serve(
    McpTasks.layerHttp({ ...http, registrations, owner: McpTasks.anonymous }).pipe(
      Layer.provide(TaskRunner.layer()),
      Layer.provide(memory)
    )
  )

const servePlain = (registrations: Layer.Layer<never, never, McpServer.McpServer>) =>
  serve(McpServer.layerHttp({ ...http, registrations }))

/** What each of the tools answers. */
const answersOf = (url: string, capabilities?: { readonly [name: string]: unknown }) => {
  const client = modern(url, capabilities === undefined ? {} : { capabilities })
  return Effect.forEach(
    Object.keys(tools),
    (name) => Effect.map(client.tool(name), ({ error, result, status }) => ({ name, status, result, error }))
  )
}

/** What the tools throw is logged, which is not what this is about. */
const silent = Logger.layer([])

describe("the answer to a call that is no task", () => {
  it.live("is that of Effect's own server", () =>
    Effect.gen(function*() {
      const expected = yield* answersOf(yield* servePlain(plainTools))
      const withTasks = yield* serveTasks(taskTools(60_000))
      assert.deepEqual(yield* answersOf(withTasks), expected)
      assert.deepEqual(yield* answersOf(withTasks, {}), expected)
      assert.deepEqual(yield* answersOf(yield* serveTasks(plainTools)), expected)
    }).pipe(Effect.provide(silent)))

  it.live("is what middleware makes of it", () =>
    Effect.gen(function*() {
      const expected = yield* answersOf(yield* servePlain(plainTools.pipe(Layer.provide(middleware.layer))))
      const tasks = taskTools(60_000).pipe(Layer.provide(middleware.layer))
      assert.deepEqual(yield* answersOf(yield* serveTasks(tasks)), expected)
    }).pipe(Effect.provide(silent)))
})
