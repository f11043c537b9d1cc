/**
 * Waiting for tasks to change, whoever changes them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TaskDriver } from "../driver/TaskDriver.ts"
import { makeForeignWrites } from "./makeForeignWrites.ts"
import { makeTaskEnds, type TaskEnds } from "./makeTaskEnds.ts"
import { makeTaskChanges, type TaskChanges } from "./TaskChanges.ts"
import { TaskHub } from "./TaskHub.ts"
import { makeTaskTelling, type TaskTelling } from "./TaskTelling.ts"
import { makeWorkerNews, type WorkerNews } from "./WorkerNews.ts"

/**
 * Watches tasks through a driver.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskWatch extends TaskTelling, WorkerNews, Pick<TaskChanges, "states"> {
  /** The last state of a task. */
  readonly ended: TaskEnds
}

/**
 * Makes the watch of a driver. The driver's signals of other writers are followed only while somebody waits.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTaskWatch = Effect.fnUntraced(
  function*(driver: TaskDriver): Effect.fn.Return<TaskWatch, never, Scope.Scope> {
    const hub = new TaskHub()
    const foreignWrites = yield* makeForeignWrites(driver, hub)
    const { endAfter, states } = makeTaskChanges(driver, hub, foreignWrites.listen)
    return {
      ...makeTaskTelling(driver, hub),
      ...makeWorkerNews(driver, hub, foreignWrites),
      states,
      ended: makeTaskEnds(driver, hub, foreignWrites, endAfter)
    }
  }
)
