/**
 * Where the traces and metrics of promises go.
 *
 * @since 0.2.0
 */

/**
 * What takes traces and metrics: `openTelemetry()` of `mcp-task-storage/opentelemetry`.
 *
 * @since 0.2.0
 * @category models
 */
export interface Telemetry {
  /** Where they go. */
  readonly name: string
}

/**
 * The option that says where traces and metrics go.
 *
 * @since 0.2.0
 * @category options
 */
export interface TelemetryOption {
  /**
   * Takes traces and metrics: `openTelemetry()` of `mcp-task-storage/opentelemetry`. Without it there are none, and they cost
   * nothing.
   */
  readonly telemetry?: Telemetry | undefined
}
