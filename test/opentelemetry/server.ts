/**
 * A server of SDK v2 that sends what is observed to an OTLP endpoint: `node server.ts NAME URL ENDPOINT`. It says on which port it
 * listens, and when its tool is in the middle of a task.
 */
import { toNodeHandler } from "@modelcontextprotocol/node"
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server"
import { trace } from "@opentelemetry/api"
import { NodeSDK } from "@opentelemetry/sdk-node"
import { once } from "node:events"
import { writeSync } from "node:fs"
import { createServer } from "node:http"
import * as z from "zod"
import { anonymous, TasksExtension } from "../../src/adapters/sdk-v2/index.ts"
import { openTelemetry } from "../../src/opentelemetry/index.ts"

const [, , name = "", url = "", endpoint = ""] = process.argv

const say = (line: string) => writeSync(1, `${line}\n`)

Object.assign(process.env, {
  OTEL_SERVICE_NAME: name,
  OTEL_TRACES_EXPORTER: "otlp",
  OTEL_METRICS_EXPORTER: "otlp",
  OTEL_LOGS_EXPORTER: "none",
  OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_NODE_RESOURCE_DETECTORS: "env",
  OTEL_BSP_SCHEDULE_DELAY: "20",
  OTEL_METRIC_EXPORT_INTERVAL: "200",
  OTEL_METRIC_EXPORT_TIMEOUT: "200"
})
new NodeSDK().start()

/** As what instruments a database or HTTP would do it. */
const inOwnSpan = <A>(span: string, run: () => A): A =>
  trace.getTracer("program").startActiveSpan(span, (own) => {
    own.end()
    return run()
  })

const tasks = new TasksExtension({
  storage: url,
  telemetry: openTelemetry(),
  owner: anonymous,
  lease: "3 seconds",
  recovery: { interval: "100 millis" },
  shutdownTimeout: 0,
  maintenance: { interval: "200 millis" }
})

tasks.registerTool(
  "report",
  { inputSchema: z.object({}), lostWorker: { maxAttempts: 3 } },
  async (_, { attempt, progress, step }) => {
    const total = await step("total", () => inOwnSpan("query", () => 42))
    if (attempt === 1) {
      say("began")
      await new Promise(() => undefined)
    }
    await progress("Writing")
    return inOwnSpan("write", () => ({ content: [{ type: "text", text: String(total) }] }))
  }
)

tasks.registerTool("quick", { inputSchema: z.object({}) }, async (_, { step }) => {
  await step("total", () => 42)
  return { content: [] }
})

const respond = toNodeHandler(createMcpHandler(() => {
  const server = new McpServer({ name, version: "1" })
  tasks.attach(server)
  return server
}))
await tasks.ready()
const http = createServer((request, response) => {
  const { method = "GET", url = "/" } = request
  void respond(Object.assign(request, { method, url }), response)
}).listen(0, "127.0.0.1")
await once(http, "listening")
const address = http.address()
say(`ready ${typeof address === "object" ? address?.port : ""}`)
