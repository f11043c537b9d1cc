/** The wording of a recovery, which is not the model's business. */
import * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { ModelState } from "../../../src/testing/model/ModelState.ts"

const internalError = -32603

/** Reads the sentence under which a recovery has just failed tasks that had not ended in this state. */
export const learnReason = (before: ModelState, storage: TaskStorageShape): Effect.Effect<string> =>
  Effect.map(Effect.exit(storage.listTasks()), (listed) => {
    const tasks = listed._tag === "Success" ? listed.value.tasks : []
    const reasons = tasks.flatMap(({ result, taskId }) => {
      const old = before.tasks.find((task) => task.taskId === taskId)
      return old?.result === null && result?._tag === "Error" && result.code === internalError ? [result.message] : []
    })
    return reasons[0] ?? ""
  })
