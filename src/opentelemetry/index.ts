/**
 * Traces and metrics through OpenTelemetry. Needs `@opentelemetry/api` and `@effect/opentelemetry`.
 *
 * @since 0.2.0
 * @module
 */
export type { Telemetry } from "../promise/Telemetry.ts"
export { layer, openTelemetry } from "./openTelemetry.ts"
