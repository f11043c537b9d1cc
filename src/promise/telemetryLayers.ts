/**
 * The layers behind telemetry, which promises do not show.
 *
 * @since 0.2.0
 */
import * as Layer from "effect/Layer"
import { InvalidInput } from "../domain/task/TaskError.ts"
import type { Telemetry, TelemetryOption } from "./Telemetry.ts"

const layers = new WeakMap<object, Layer.Layer<never>>()

/**
 * Makes telemetry of a layer, which provides a tracer, and whatever else takes what is observed.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTelemetry = (name: string, layer: Layer.Layer<never>): Telemetry => {
  const telemetry: Telemetry = { name }
  layers.set(telemetry, layer)
  return telemetry
}

/**
 * Throws `InvalidInput` for telemetry that this library has not made.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireTelemetry = ({ telemetry }: TelemetryOption): void => {
  if (telemetry !== undefined && !layers.has(telemetry)) {
    throw new InvalidInput({ field: "telemetry", reason: "must be what openTelemetry() gives" })
  }
}

/**
 * Gives the layer of telemetry, which does nothing where there is none.
 *
 * @since 0.2.0
 * @category accessors
 */
export const telemetryLayer = ({ telemetry }: TelemetryOption): Layer.Layer<never> =>
  (telemetry === undefined ? undefined : layers.get(telemetry)) ?? Layer.empty
