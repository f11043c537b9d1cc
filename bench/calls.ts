/**
 * What `taskAfter` adds to a call that ends at once: a tool that may become a task, against the same tool on a server without
 * tasks, in revision 2026-07-28, without a network between.
 *
 * Both tools are registered as the guides of their servers say: with Effect by a toolkit, which keeps the services of its handlers.
 * Servers are warm when they are measured: in their first thousand calls either of them may be three times as fast as the other.
 */
import { createMcpHandler, McpServer as SdkServer } from "@modelcontextprotocol/server"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as McpServer from "effect/ai/McpServer"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpTasks from "mcp-task-storage/mcp"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import * as TaskRunner from "mcp-task-storage/runner"
import { TasksExtension } from "mcp-task-storage/sdk-v2"
import * as z from "zod"
import { promises, subjectOf } from "./callers.ts"
import { measureProcessors } from "./measure.ts"
import { type Comparison, print, printThroughput } from "./report.ts"
import { payload, settings } from "./settings.ts"

const { callerCounts, callOperations: operations, callWarmUp, serverRounds } = settings

const taskAfter = "1 second"
const { name } = payload

interface Server {
  readonly handle: (request: Request) => Promise<Response>
  readonly close: () => Promise<void>
}

const clientMeta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": { extensions: { "io.modelcontextprotocol/tasks": {} } }
}

/** Calls the tool, as a client that declares the Tasks extension does. */
const call = async ({ handle }: Server): Promise<void> => {
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { ...payload, _meta: clientMeta }
  })
  const response = await handle(
    new Request("http://localhost/mcp", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        // As every client on a network says.
        "content-length": String(body.length),
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": name
      },
      body
    })
  )
  const text = await response.text()
  if (!text.includes("\"content\"")) throw new Error(`The tool answered ${response.status}: ${text}`)
}

const inputSchema = z.looseObject({})

const answer = { content: [{ type: "text" as const, text: `rendered ${name}` }] }

const sdkServer = (extend: (server: SdkServer) => void, wrap: (handler: SdkHandler) => SdkHandler): Server => {
  const handler = wrap(createMcpHandler(() => {
    const server = new SdkServer({ name: "bench", version: "1" })
    extend(server)
    return server
  }))
  return { handle: (request) => handler.fetch(request), close: () => handler.close() }
}

type SdkHandler = ReturnType<typeof createMcpHandler>

const plainSdk = (): Server =>
  sdkServer((server) => {
    server.registerTool(name, { inputSchema }, async () => answer)
  }, (handler) => handler)

const sdkWithTasks = (): Server => {
  const tasks = new TasksExtension({ storage: "memory:", owner: () => "bench", taskAfter })
  tasks.registerTool(name, { inputSchema }, async () => answer)
  return sdkServer((server) => tasks.attach(server), (handler) => tasks.listen(handler))
}

const render = Tool.make("render", { parameters: Schema.Struct({ text: Schema.String }), success: Schema.String })

const renderAsTask = render.annotate(McpTasks.TaskSupport, "optional").annotate(McpTasks.TaskAfter, taskAfter)

const handlers = { render: () => Effect.succeed(`rendered ${name}`) }

const http = { name: "bench", version: "1", path: "/mcp", protocols: [McpProtocol.v2026_07_28] } as const

const effectServer = (routes: Layer.Layer<never, never, HttpRouter.HttpRouter>): Server => {
  const { dispose, handler } = HttpRouter.toWebHandler(routes, { disableLogger: true })
  return { handle: (request) => handler(request), close: dispose }
}

const plainEffect = (): Server => {
  const kit = Toolkit.make(render)
  return effectServer(
    McpServer.layerHttp({
      ...http,
      registrations: Layer.provide(McpServer.toolkit(kit), kit.toLayer(handlers))
    }).pipe(Layer.orDie)
  )
}

const effectWithTasks = (): Server => {
  const kit = Toolkit.make(renderAsTask)
  return effectServer(
    McpTasks.layerHttp({
      ...http,
      registrations: Layer.provide(McpTasks.toolkit(kit), kit.toLayer(handlers)),
      owner: Effect.succeed("bench")
    }).pipe(
      Layer.provide(TaskRunner.layer({ recovery: false })),
      Layer.provide(MemoryTaskStorage.layer()),
      Layer.orDie
    )
  )
}

interface Compared {
  readonly calls: ReadonlyArray<Comparison>
  /** The same in time of the processors, which others on the machine hardly change. */
  readonly processors: ReadonlyArray<Comparison>
}

const compare = async (subject: string, withTasks: Server, plain: Server): Promise<Compared> => {
  const calls: Array<Comparison> = []
  const processors: Array<Comparison> = []
  for (const callers of callerCounts) {
    const contender = (server: Server) => promises({ callers, operations, prepare: async () => [server] }, call)
    const own = contender(withTasks)
    const other = contender(plain)
    const micros = await measureProcessors([own, other], serverRounds, callWarmUp)
    const [measured, baseline] = [micros(own), micros(other)]
    const asked = subjectOf(subject, callers)
    calls.push({ subject: asked, micros: measured.wall, baseline: baseline.wall, target: 0.9 })
    processors.push({ subject: asked, micros: measured.processors, baseline: baseline.processors, target: 1.1 })
  }
  await Promise.all([withTasks.close(), plain.close()])
  return { calls, processors }
}

/** Measures and prints. */
export const benchCalls = async (): Promise<void> => {
  const measured = [
    await compare("Effect", effectWithTasks(), plainEffect()),
    await compare("SDK v2", sdkWithTasks(), plainSdk())
  ]
  const title = "Calls of a tool that ends at once, with taskAfter, against a server without tasks"
  const names = ["taskAfter", "no tasks"] as const
  printThroughput(title, names, measured.flatMap(({ calls }) => calls))
  print(`${title}: time of the processors`, names, measured.flatMap(({ processors }) => processors))
}
