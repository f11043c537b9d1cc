/** Tasks of workers that died. */
import * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"

/** Stores a call of Ann's whose worker let its lease run out; gives its id. */
export const abandonedTask = (storage: TaskStorageShape, tool: string) =>
  storage.forSession("ann").createTask({
    originalMethod: "tools/call",
    originalParams: { name: tool, arguments: {} },
    lease: 1
  }).pipe(Effect.map(({ taskId }) => taskId), Effect.orDie)
