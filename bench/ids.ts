/**
 * Ids as the library makes them: how they sort decides where they land in an index.
 */
import * as Effect from "effect/Effect"
import { TaskId } from "mcp-task-storage"

/** Makes an id. */
export const newId = (): string => Effect.runSync(TaskId.uuidV7)
