/** One trace of a task through two processes, the first of which is killed, as the SDK of OpenTelemetry sends it to a collector. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { startProgram } from "../layers/faults/childProcess.ts"
import { freshUrl } from "../layers/postgres/engine.ts"
import { until } from "../support/until.ts"
import { modern } from "../support/wire.ts"
import { OtlpReceiver, type ReceivedSpan } from "./otlpReceiver.ts"

const program = new URL("server.ts", import.meta.url)

const receiving = Effect.acquireRelease(
  Effect.promise(async () => {
    const receiver = new OtlpReceiver()
    return { receiver, endpoint: await receiver.listen() }
  }),
  ({ receiver }) => Effect.sync(() => receiver.close())
)

const startServer = Effect.fnUntraced(function*(name: string, url: string, endpoint: string) {
  const child = yield* startProgram(program, [name, url, endpoint])
  const [, port] = ((yield* child.nextLine) ?? "").split(" ")
  return { ...child, client: modern(`http://127.0.0.1:${port}/mcp`) }
})

const eventually = (condition: () => boolean) => Effect.promise(() => until(condition, 60_000))

it.live("a task is one trace from its call to its end", () =>
  Effect.gen(function*() {
    const { endpoint, receiver } = yield* receiving
    const url = yield* freshUrl
    const spansOf = (trace: string) => receiver.spans.filter(({ traceId }) => traceId === trace)
    const call = (server: { readonly client: ReturnType<typeof modern> }, name: string, traceparent: string) =>
      server.client.call("tools/call", { name, arguments: {}, _meta: { traceparent, tracestate: "vendor=1" } })

    const traceId = "0af7651916cd43dd8448eb211c80319c"
    const clientSpan = "b7ad6b7169203331"
    const first = yield* startServer("first", url, endpoint)
    const { result } = yield* call(first, "report", `00-${traceId}-${clientSpan}-01`)
    assert.strictEqual(yield* first.nextLine, "began")
    yield* eventually(() => spansOf(traceId).some(({ name }) => name === "TaskContext.step"))
    yield* first.kill

    const second = yield* startServer("second", url, endpoint)
    const isRun = ({ attributes, service }: ReceivedSpan) =>
      service === "second" && attributes["mcp.task.attempt"] === 2
    yield* eventually(() => spansOf(traceId).some(isRun))

    const spans = spansOf(traceId)
    const named = (service: string, name: string) =>
      spans.find((span) => span.service === service && span.name === name)
    const run = spans.find(isRun)
    assert.deepInclude(run, { name: "tools/call report", parentSpanId: clientSpan, traceState: "vendor=1" })
    assert.deepInclude(run?.attributes, {
      "mcp.method.name": "tools/call",
      "gen_ai.tool.name": "report",
      "mcp.task.id": result.taskId,
      "mcp.task.status": "completed"
    })
    // The user's own spans are within the step, and within the run.
    const step = named("first", "TaskContext.step")
    assert.strictEqual(named("first", "query")?.parentSpanId, step?.spanId)
    assert.strictEqual(named("second", "write")?.parentSpanId, run?.spanId)
    // The killed process has sent no span of its run, which is the parent of its step.
    assert.isFalse(spans.some(({ spanId }) => spanId === step?.parentSpanId))
    const earlier = run?.links.find(({ spanId }) => spanId === step?.parentSpanId)
    assert.deepInclude(earlier, { traceId, attributes: { "mcp.task.link": "earlier_run" } })

    // A caller who does not sample gets no spans.
    const unsampled = "11f7651916cd43dd8448eb211c80319c"
    const quick = yield* call(second, "quick", `00-${unsampled}-${clientSpan}-00`)
    yield* second.client.until(quick.result.taskId, "completed")

    // What a process does all the time makes no spans.
    const seen = () => receiver.exports.get("second") ?? 0
    const settled = () =>
      receiver.metrics.get("second")?.get("mcp_tasks_settled")?.find(({ labels }) => labels["name"] === "quick")
    yield* eventually(() => settled() !== undefined)
    const exports = seen()
    // Nothing is traced but what was asked for, the opening of the storage included.
    assert.isEmpty(receiver.spans.filter((span) => span.traceId !== traceId).map(({ name }) => name))
    receiver.spans.length = 0
    yield* eventually(() => seen() >= exports + 8)
    assert.deepEqual(receiver.spans.map(({ name }) => name), [])

    const labels = { status: "completed", method: "tools/call", name: "report", result_kind: "success" }
    const received = [...receiver.metrics.get("second") ?? []].map(([name, series]) => [
      name,
      series.filter(({ labels }) => labels["name"] === undefined || labels["name"] === "report")
    ])
    assert.deepInclude(Object.fromEntries(received), {
      mcp_tasks_settled: [{ kind: "sum", unit: "", labels, value: 1 }],
      mcp_tasks_duration: [{ kind: "histogram", unit: "ms", labels, value: 1 }],
      mcp_tasks_running: [{ kind: "gauge", unit: "{task}", labels: {}, value: 0 }],
      mcp_tasks_recovered: [{ kind: "sum", unit: "", labels: {}, value: 1 }]
    })
  }))
