/** The SDK of OpenTelemetry, which keeps what it gets in memory. */
import { metrics as metricsApi, trace } from "@opentelemetry/api"
import { metrics, node, tracing } from "@opentelemetry/sdk-node"
import { until } from "../support/until.ts"

const spans = new tracing.InMemorySpanExporter()
const measures = new metrics.InMemoryMetricExporter(metrics.AggregationTemporality.CUMULATIVE)
const reader = new metrics.PeriodicExportingMetricReader({ exporter: measures, exportIntervalMillis: 3_600_000 })

/** The user's own tracer. */
export const tracer = trace.getTracer("program")

/** Makes it the global SDK of this process. */
export const startSdk = (): void => {
  new node.NodeTracerProvider({ spanProcessors: [new tracing.SimpleSpanProcessor(spans)] }).register()
  metricsApi.setGlobalMeterProvider(new metrics.MeterProvider({ readers: [reader] }))
}

type Span = tracing.ReadableSpan

/** Gives all spans that have ended, from the first to begin on. */
export const endedSpans = (): ReadonlyArray<Span> => spans.getFinishedSpans()

export const forgetSpans = (): void => spans.reset()

/** Waits for the first span of this name. */
export const spanOf = async (name: string): Promise<Span> => {
  const find = () => endedSpans().find((span) => span.name === name)
  await until(() => find() !== undefined)
  const found = find()
  if (found === undefined) throw new Error("the span is gone")
  return found
}

/** Collects the metrics, and gives those of this name by their labels. */
export const collected = async (name: string) => {
  await reader.forceFlush()
  const found = measures.getMetrics().at(-1)?.scopeMetrics.flatMap((scope) => scope.metrics) ?? []
  return found.find(({ descriptor }) => descriptor.name === name)
}
