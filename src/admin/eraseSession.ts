/**
 * Erasing all that is bound to a session.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { parseId } from "../domain/options/ArgumentParsers.ts"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import type { InvalidInput } from "../domain/task/TaskError.ts"
import type { BulkProgress } from "./AdminOperations.ts"
import type { EraseOptions } from "./AdminOptions.ts"
import { type BulkAction, runBulk } from "./runBulk.ts"
import type { SelectionError } from "./selectionBatches.ts"

type Progress = Stream.Stream<BulkProgress, SelectionError>

/**
 * Deletes the tasks of a session until none is left, then what is left without tasks.
 *
 * @since 0.2.0
 * @category constructors
 */
export const eraseSession = (
  storage: Pick<TaskStorageShape, "listTaskSummaries" | "expireTasks" | "forgetSession">,
  sessionId: string,
  options: EraseOptions | undefined,
  deletion: BulkAction
): Result.Result<Progress, InvalidInput> =>
  Result.map(parseId("sessionId", sessionId), (sessionId) => {
    const rest = Effect.andThen(storage.expireTasks(), storage.forgetSession(sessionId))

    /** Goes through the tasks that there are. As long as it deletes some, others may have come. */
    const pass = (before: BulkProgress): Progress =>
      Stream.suspend(() => {
        let total = before
        const some = Stream.map(runBulk(storage, { sessionId }, options, deletion), (progress): BulkProgress => {
          total = addTo(before, progress)
          // A cursor would be that of this pass.
          return { ...total, tasks: progress.tasks }
        })
        return Stream.concat(
          some,
          Stream.suspend(() => {
            if (options?.dryRun === true) return Stream.empty
            return total.done > before.done ? pass(total) : Stream.fromEffectDrain(rest)
          })
        )
      })

    return pass({ examined: 0, matched: 0, done: 0, skipped: 0, failed: 0, passed: 0, tasks: [] })
  })

const addTo = (before: BulkProgress, progress: BulkProgress): BulkProgress => ({
  examined: before.examined + progress.examined,
  matched: before.matched + progress.matched,
  done: before.done + progress.done,
  skipped: before.skipped + progress.skipped,
  failed: before.failed + progress.failed,
  passed: before.passed + progress.passed,
  tasks: []
})
