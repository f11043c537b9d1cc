/**
 * A process that runs tasks, as users see it.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"

const fields = {
  workerId: Schema.String,
  /** The name of its machine. */
  host: Schema.optionalKey(Schema.String),
  /** The number of its process there. */
  pid: Schema.optionalKey(Schema.Int),
  /** The name of its program, and the version of that. */
  name: Schema.optionalKey(Schema.String),
  version: Schema.optionalKey(Schema.String),
  registeredAt: Schema.DateTimeUtcFromString,
  /** Until when nobody may declare it dead. */
  leaseExpiresAt: Schema.DateTimeUtcFromString,
  /** When it was declared dead; absent while it lives. */
  diedAt: Schema.optionalKey(Schema.DateTimeUtcFromString)
}

/**
 * A registered worker. Encoded, it is plain JSON with ISO 8601 timestamps in UTC.
 *
 * @since 0.2.0
 * @category models
 */
export class WorkerRecord extends Schema.Class<WorkerRecord>("mcp-task-storage/WorkerRecord")(fields) {}
