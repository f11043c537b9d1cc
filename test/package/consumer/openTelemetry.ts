/** A program in promises whose traces and metrics go to OpenTelemetry. */
import { layer, openTelemetry, type Telemetry } from "mcp-task-storage/opentelemetry"
import { openTaskRunner } from "mcp-task-storage/promise"

const telemetry: Telemetry = openTelemetry()
const runner = await openTaskRunner("sqlite:tasks.db", { telemetry })
await runner.close()
// @ts-expect-error: It is none that this library made.
await openTaskRunner("sqlite:tasks.db", { telemetry: { tracer: "mine" } })

console.log(layer)
