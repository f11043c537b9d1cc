/**
 * Running a task again that has ended.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { boundsFor } from "../driver/boundsFor.ts"
import type { TaskDriver, TaskDriverError } from "../driver/TaskDriver.ts"
import { allOf } from "../effects/allOf.ts"
import { decideRerun, type Rerun } from "../machine/decideRerun.ts"
import { orAbsent, parseFlag, parseId } from "../options/ArgumentParsers.ts"
import { rerunOptions } from "../options/operationOptions.ts"
import { readOptions } from "../options/optionNames.ts"
import type { ResolvedOptions } from "../options/TaskStorageOptions.ts"
import type { SessionTasks } from "../service/TaskOperations.ts"
import {
  type InvalidInput,
  MaxTasksReached,
  TaskAlreadyExists,
  TaskNotFound,
  type TaskStorageUnavailable
} from "../task/TaskError.ts"
import { decoded, failUnavailable, operate, parsed, toRecord } from "./TaskAccess.ts"
import { contention, maxAttempts } from "./TaskWriter.ts"

/**
 * Makes the operation on the tasks of one session; for `null`, on those bound to none; for `undefined`, on all.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeRerunTask = (
  driver: TaskDriver,
  options: ResolvedOptions,
  session: string | null | undefined,
  onTask: (taskId: string) => Result.Result<string, InvalidInput>
): SessionTasks["rerunTask"] => {
  const rerun = (id: string, settings: Omit<Rerun, "maxTtl">): ReturnType<SessionTasks["rerunTask"]> =>
    operate(driver.backendName, "rerunTask", id, (now) => {
      const attempt = (count: number): ReturnType<SessionTasks["rerunTask"]> =>
        Effect.gen(function*() {
          const stored = yield* driver.find(id, { now, session }).pipe(Effect.catch(failed))
          if (stored === undefined) return yield* new TaskNotFound({ taskId: id })
          const decision = yield* decoded("rerunTask", stored, (stored) =>
            decideRerun(stored, { ...settings, maxTtl: options.maxTtl }, now))
          const task = yield* Effect.fromResult(decision)
          if (task.taskId === id) {
            return yield* new TaskAlreadyExists({ taskId: id })
          }
          const result = yield* driver.rerun(task, boundsFor(task, options), now, stored).pipe(Effect.catch(failed))
          switch (result._tag) {
            case "Inserted":
              return yield* toRecord("rerunTask", task)
            case "Exists":
              return yield* new TaskAlreadyExists({ taskId: task.taskId })
            case "LimitReached":
              return yield* new MaxTasksReached({ scope: result.scope, limit: result.limit })
            case "Changed":
              return count < maxAttempts ? yield* attempt(count + 1) : yield* contention("rerunTask")
          }
        })
      return attempt(1)
    })

  return (taskId, request) =>
    parsed(
      Result.flatMap(readOptions(request, rerunOptions), (request) =>
        allOf([
          onTask(taskId),
          parseFlag("again", request?.again),
          parseFlag("steps", request?.steps),
          orAbsent(request?.taskId, (value) => parseId("options.taskId", value))
        ])),
      ([id, again, steps, given]) => {
        const as = (newId: string) =>
          rerun(id, { again, steps, identity: { taskId: newId, incarnation: options.nextIncarnation() } })
        return given === null
          ? Effect.flatMap(options.generateId, (newId) => parsed(parseId("generateId", newId), as))
          : as(given)
      }
    )
}

const failed = (error: TaskDriverError): Effect.Effect<never, TaskStorageUnavailable> =>
  failUnavailable("rerunTask", error)
