/**
 * Traces and metrics by the API of OpenTelemetry.
 *
 * @since 0.2.0
 */
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Tracer from "effect/Tracer"
import { TimeOperations } from "../domain/telemetry/StorageMetrics.ts"
import { CallerSpan } from "../promise/CallerSpan.ts"
import type { Telemetry } from "../promise/Telemetry.ts"
import { makeTelemetry } from "../promise/telemetryLayers.ts"
import { activeSpan } from "./activeSpan.ts"
import { makeTracer } from "./makeTracer.ts"
import { MeteredRegistry } from "./MeteredRegistry.ts"

/** All storages of a process count into the same instruments. */
const registry = new MeteredRegistry()

/**
 * Sends spans to the global tracer provider of `@opentelemetry/api`, and metrics to its global meter provider. For programs of
 * Effect: provide it to the whole program. In promises give {@link openTelemetry} instead.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer: Layer.Layer<never> = Layer.mergeAll(
  Layer.effect(Tracer.Tracer, makeTracer),
  Layer.succeed(Metric.MetricRegistry, registry),
  Layer.succeed(TimeOperations, true),
  Layer.succeed(CallerSpan, activeSpan)
)

/**
 * Gives traces and metrics to the SDK of OpenTelemetry that the program has set up, by the API `@opentelemetry/api`. Start that SDK
 * first: what is counted before is lost. A program without an SDK may have this too; then it does nothing.
 *
 * - A call that is made while a span is active is a child of that span. A call outside of any span makes none.
 * - While a task runs, its span is the active one, so that what instruments the database or HTTP of the tool belongs to it.
 *
 * **Example** (Tracing tasks)
 *
 * ```ts
 * import { openTelemetry } from "mcp-task-storage/opentelemetry"
 * import { openTaskRunner } from "mcp-task-storage/promise"
 *
 * const runner = await openTaskRunner("sqlite:tasks.db", { telemetry: openTelemetry() })
 * await runner.close()
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const openTelemetry = (): Telemetry => makeTelemetry("OpenTelemetry", layer)
