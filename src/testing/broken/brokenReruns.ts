/**
 * Drivers that run tasks again in a wrong way.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { RerunResult, TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { StoredTask } from "../../domain/task/StoredTask.ts"
import { type BrokenDriver, everything } from "./BrokenDriver.ts"

type Rerun = TaskDriver["rerun"]

const rerunning = (change: (rerun: Rerun, good: TaskDriver) => Rerun) => (good: TaskDriver): TaskDriver => ({
  ...good,
  rerun: change(good.rerun, good)
})

const sourceOf = (
  good: TaskDriver,
  { taskId }: Pick<StoredTask, "taskId">
): Effect.Effect<StoredTask | undefined, TaskDriverError> => good.find(taskId, everything)

/**
 * @since 0.2.0
 * @category drivers
 */
export const brokenReruns: ReadonlyArray<BrokenDriver> = [
  {
    name: "stores the rerun of a task, and does not tie that to it",
    subject: "rerunTask",
    checks: ["model"],
    breakDriver: rerunning((_, good) => (task, bounds, now) => good.insert(task, bounds, now))
  },
  {
    name: "runs a task again whatever became of it",
    subject: "rerunTask",
    checks: [],
    breakDriver: rerunning((rerun, good) => (task, bounds, now, source) =>
      Effect.flatMap(sourceOf(good, source), (present) => rerun(task, bounds, now, present ?? source))
    )
  },
  {
    name: "ties a task to a rerun for which there is no room",
    subject: "rerunTask",
    checks: ["model"],
    breakDriver: rerunning((rerun, good) => (task, bounds, now, source) =>
      Effect.gen(function*(): Effect.fn.Return<RerunResult, TaskDriverError> {
        const result = yield* rerun(task, bounds, now, source)
        if (result._tag !== "LimitReached") return result
        yield* rerun(task, { maxTasks: null, maxTasksPerSession: null }, now, source)
        yield* good.remove(task.taskId, everything)
        return result
      })
    )
  },
  {
    name: "stores the rerun of a task within no limit",
    subject: "rerunTask",
    checks: ["model"],
    breakDriver: rerunning((rerun) => (task, _, now, source) =>
      rerun(task, { maxTasks: null, maxTasksPerSession: null }, now, source)
    )
  },
  {
    name: "loses what a rerun is of",
    subject: "rerunTask",
    checks: ["model"],
    breakDriver: rerunning((rerun) => (task, ...rest) => rerun({ ...task, rerunOf: null }, ...rest))
  }
]
