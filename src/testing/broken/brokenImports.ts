/**
 * Drivers that take over tasks in a wrong way, or forget sessions.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriver } from "../../domain/driver/TaskDriver.ts"
import { wholeRange } from "../../domain/driver/TaskRange.ts"
import type { StoredTask } from "../../domain/task/StoredTask.ts"
import { type BrokenDriver, everything } from "./BrokenDriver.ts"

const inserting = (change: (task: StoredTask) => Partial<StoredTask>) => (good: TaskDriver): TaskDriver => ({
  ...good,
  insert: (task, ...rest) => good.insert({ ...task, ...change(task) }, ...rest)
})

/**
 * @since 0.2.0
 * @category drivers
 */
export const brokenImports: ReadonlyArray<BrokenDriver> = [
  {
    name: "begins the revisions of a task that is taken over anew",
    subject: "importTask",
    checks: ["model"],
    breakDriver: inserting(() => ({ revision: 1 }))
  },
  {
    name: "loses the tie of a task that is taken over",
    subject: "importTask",
    checks: [],
    breakDriver: inserting(() => ({ rerunOf: null, rerunAs: null }))
  },
  {
    name: "forgets the tasks of a session along with it",
    subject: "forgetSession",
    checks: ["model"],
    breakDriver: (good) => ({
      ...good,
      forget: (session) =>
        Effect.gen(function*() {
          const page = yield* good.page({
            ...wholeRange,
            scope: { now: everything.now, session },
            after: undefined,
            limit: 1,
            maxBytes: Number.MAX_SAFE_INTEGER
          })
          for (const { taskId } of page.tasks) yield* good.remove(taskId, everything)
        })
    })
  }
]
