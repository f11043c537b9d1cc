/** What receives OTLP over HTTP as JSON, as a collector does, and keeps it. */
import * as Schema from "effect/Schema"
import { once } from "node:events"
import { createServer } from "node:http"
import { text } from "node:stream/consumers"

const AnyValue = Schema.Struct({
  stringValue: Schema.optional(Schema.String),
  intValue: Schema.optional(Schema.Union([Schema.Finite, Schema.String])),
  doubleValue: Schema.optional(Schema.Finite),
  boolValue: Schema.optional(Schema.Boolean)
})

const Attributes = Schema.optional(Schema.Array(Schema.Struct({ key: Schema.String, value: AnyValue })))

const Span = Schema.Struct({
  name: Schema.String,
  traceId: Schema.String,
  spanId: Schema.String,
  parentSpanId: Schema.optional(Schema.String),
  traceState: Schema.optional(Schema.String),
  kind: Schema.Finite,
  attributes: Attributes,
  links: Schema.optional(Schema.Array(Schema.Struct({
    traceId: Schema.String,
    spanId: Schema.String,
    attributes: Attributes
  })))
})

const NumberPoint = Schema.Struct({
  attributes: Attributes,
  asDouble: Schema.optional(Schema.Finite),
  asInt: Schema.optional(Schema.Union([Schema.Finite, Schema.String]))
})

const HistogramPoint = Schema.Struct({
  attributes: Attributes,
  count: Schema.Union([Schema.Finite, Schema.String]),
  explicitBounds: Schema.Array(Schema.Finite)
})

const pointsOf = <Point extends Schema.Top>(point: Point) =>
  Schema.optional(Schema.Struct({ dataPoints: Schema.Array(point) }))

const Metric = Schema.Struct({
  name: Schema.String,
  unit: Schema.optional(Schema.String),
  gauge: pointsOf(NumberPoint),
  sum: pointsOf(NumberPoint),
  histogram: pointsOf(HistogramPoint)
})

const Resource = Schema.Struct({ attributes: Attributes })

const decodeTraces = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Struct({
  resourceSpans: Schema.Array(Schema.Struct({
    resource: Resource,
    scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Span) }))
  }))
})))

const decodeMetrics = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Struct({
  resourceMetrics: Schema.Array(Schema.Struct({
    resource: Resource,
    scopeMetrics: Schema.Array(Schema.Struct({ metrics: Schema.Array(Metric) }))
  }))
})))

type Labels = Readonly<Record<string, string | number | boolean>>

const labelsOf = (attributes: typeof Attributes.Type): Labels =>
  Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0] ?? ""]))

export interface ReceivedSpan extends Omit<typeof Span.Type, "attributes" | "links"> {
  readonly service: string
  readonly attributes: Labels
  readonly links: ReadonlyArray<{ readonly traceId: string; readonly spanId: string; readonly attributes: Labels }>
}

/** One series of a metric, as it was received last. */
export interface ReceivedSeries {
  readonly kind: "gauge" | "sum" | "histogram"
  readonly unit: string
  readonly labels: Labels
  /** Of a histogram it is the count. */
  readonly value: number
}

/** Receives until it is closed. */
export class OtlpReceiver {
  readonly spans: Array<ReceivedSpan> = []
  /** By service, and by name. The latest comes last. */
  readonly metrics = new Map<string, Map<string, ReadonlyArray<ReceivedSeries>>>()
  /** How often metrics came, by service. */
  readonly exports = new Map<string, number>()
  readonly #server = createServer(async (request, response) => {
    const body = await text(request)
    if (request.url === "/v1/traces") this.#takeSpans(body)
    if (request.url === "/v1/metrics") this.#takeMetrics(body)
    response.setHeader("content-type", "application/json").end("{}")
  })

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1")
    await once(this.#server, "listening")
    const address = this.#server.address()
    if (address === null || typeof address === "string") throw new Error("no port")
    return `http://127.0.0.1:${address.port}`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #takeSpans(body: string): void {
    for (const { resource, scopeSpans } of decodeTraces(body).resourceSpans) {
      const service = serviceOf(resource)
      for (const { attributes, links = [], ...span } of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({
          ...span,
          service,
          attributes: labelsOf(attributes),
          links: links.map((link) => ({ ...link, attributes: labelsOf(link.attributes) }))
        })
      }
    }
  }

  #takeMetrics(body: string): void {
    for (const { resource, scopeMetrics } of decodeMetrics(body).resourceMetrics) {
      const service = serviceOf(resource)
      const latest = new Map<string, ReadonlyArray<ReceivedSeries>>()
      for (const { gauge, histogram, name, sum, unit = "" } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        const numbers = (kind: "gauge" | "sum", points: typeof gauge): ReadonlyArray<ReceivedSeries> =>
          (points?.dataPoints ?? []).map(({ asDouble, asInt, attributes }) => ({
            kind,
            unit,
            labels: labelsOf(attributes),
            value: Number(asDouble ?? asInt)
          }))
        latest.set(name, [
          ...numbers("gauge", gauge),
          ...numbers("sum", sum),
          ...(histogram?.dataPoints ?? []).map(({ attributes, count }): ReceivedSeries => ({
            kind: "histogram",
            unit,
            labels: labelsOf(attributes),
            value: Number(count)
          }))
        ])
      }
      this.metrics.set(service, latest)
      this.exports.set(service, (this.exports.get(service) ?? 0) + 1)
    }
  }
}

const serviceOf = ({ attributes }: typeof Resource.Type): string => String(labelsOf(attributes)["service.name"])
