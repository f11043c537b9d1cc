/** Tasks to operate on. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { CreateTask } from "../../src/domain/options/TaskOptions.ts"
import type { TaskStorageShape } from "../../src/domain/service/TaskOperations.ts"
import type { TaskRecord } from "../../src/domain/task/TaskRecord.ts"

const start = 1_700_000_000_000

/** Stores tasks a millisecond apart, as many as there are. */
export const seed = (
  storage: Pick<TaskStorageShape, "createTask">,
  count: number,
  taskOf: (at: number) => Partial<CreateTask>
) =>
  Effect.forEach(
    Array.from({ length: count }, (_, at) => at),
    (at) =>
      storage.createTask({
        originalMethod: "tools/call",
        createdAt: DateTime.makeUnsafe(start + at),
        ...taskOf(at)
      }),
    { concurrency: 50 }
  )

export const failed: Partial<CreateTask> = {
  status: "failed",
  result: { _tag: "Error", code: -32603, message: "It failed" }
}

export const completed: Partial<CreateTask> = { status: "completed", result: { _tag: "Success", value: null } }

/** Every task of a storage. */
export const everything = Effect.fnUntraced(function*(storage: TaskStorageShape) {
  const tasks: Array<TaskRecord> = []
  let cursor: string | undefined
  do {
    const page = yield* storage.listTasks({ cursor, limit: 1_000 })
    tasks.push(...page.tasks)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return tasks
})
