/**
 * The metrics of Effect as instruments of OpenTelemetry.
 *
 * @since 0.2.0
 */
import { type Attributes, type MetricOptions, metrics, type Observable } from "@opentelemetry/api"
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import { scopeName } from "./scopeName.ts"

/** A metric with its labels, and what counts it. */
type Series = Metric.MetricRegistry extends Map<string, infer Metadata> ? Metadata : never

/**
 * Keeps metrics, and gives each an instrument of the global meter provider when it is first used. Counters and gauges are read when they
 * are collected. The API has no histogram that is read so, so each value of a histogram is told to its instrument too.
 *
 * Frequencies and summaries have no instrument, and are kept alone. This library has none.
 *
 * @since 0.2.0
 * @category models
 */
export class MeteredRegistry extends Map<string, Series> {
  readonly #byName = new Map<string, Map<string, Series>>()

  override set(key: string, series: Series): this {
    super.set(key, series)
    const others = this.#byName.get(series.id)
    if (others === undefined) this.#byName.set(series.id, new Map([[key, series]]))
    else others.set(key, series)
    this.#measure(key, series, others === undefined)
    return this
  }

  override delete(key: string): boolean {
    const series = this.get(key)
    if (series !== undefined) this.#byName.get(series.id)?.delete(key)
    return super.delete(key)
  }

  #measure(key: string, series: Series, isFirst: boolean): void {
    const [state] = statesOf(new Map([[key, series]]))
    if (state === undefined) return
    const meter = metrics.getMeter(scopeName)
    const options = optionsOf(state)
    switch (state.type) {
      case "Counter":
        if (isFirst) {
          this.#observe(
            state.state.incremental
              ? meter.createObservableCounter(state.id, options)
              : meter.createObservableUpDownCounter(state.id, options),
            state.id
          )
        }
        return
      case "Gauge":
        if (isFirst) this.#observe(meter.createObservableGauge(state.id, options), state.id)
        return
      case "Histogram": {
        const explicitBucketBoundaries = state.state.buckets.map(([boundary]) => boundary)
        const histogram = meter.createHistogram(state.id, { ...options, advice: { explicitBucketBoundaries } })
        const labels = labelsOf(state)
        const { update } = series.hooks
        // The metric goes on to use the hooks that it has just made, so they are changed where they are.
        Object.assign(series.hooks, {
          update: (value: number, context: Context.Context<never>) => {
            update(value, context)
            histogram.record(value, labels)
          }
        })
        return
      }
      case "Frequency":
      case "Summary":
        return
    }
  }

  #observe(instrument: Observable, name: string): void {
    instrument.addCallback((result) => {
      for (const state of statesOf(this.#byName.get(name) ?? new Map())) {
        if (state.type === "Counter") result.observe(Number(state.state.count), labelsOf(state))
        if (state.type === "Gauge") result.observe(Number(state.state.value), labelsOf(state))
      }
    })
  }
}

const statesOf = (series: Metric.MetricRegistry): ReadonlyArray<Metric.Metric.Snapshot> =>
  Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, series))

/** Effect keeps the unit of a metric among its labels. */
const optionsOf = ({ attributes, description }: Metric.Metric.Snapshot): MetricOptions => {
  const { time_unit: time, unit } = attributes ?? {}
  return {
    ...(description === undefined ? {} : { description }),
    ...(time === undefined && unit === undefined ? {} : { unit: time === "milliseconds" ? "ms" : unit ?? time })
  }
}

const labelsOf = ({ attributes = {} }: Metric.Metric.Snapshot): Attributes => {
  const { time_unit: _time, unit: _unit, ...labels } = attributes
  return labels
}
