/**
 * A storage that is wrong on purpose where no driver can be: it hands out the very objects that it keeps.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"

/**
 * Wraps a storage so that `getTask` gives the same object until the task changes.
 *
 * @since 0.1.0
 * @category drivers
 */
export const sharingStorage = (good: TaskStorageShape): TaskStorageShape => {
  const kept = new Map<string, { readonly revision: number; readonly record: TaskRecord }>()
  return {
    ...good,
    getTask: (taskId) =>
      Effect.map(
        good.getTask(taskId),
        Option.map((record) => {
          const before = kept.get(taskId)
          if (before?.revision === record.revision) return before.record
          kept.set(taskId, { revision: record.revision, record })
          return record
        })
      )
  }
}
