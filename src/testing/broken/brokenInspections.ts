/**
 * Drivers that look at their own store in a wrong way.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { Inspection, InspectorReport, StoreInspector } from "../../domain/driver/StoreInspector.ts"
import type { TaskDriver, TaskDriverError, TaskPosition } from "../../domain/driver/TaskDriver.ts"
import { wholeRange } from "../../domain/driver/TaskRange.ts"
import { type BrokenDriver, everything } from "./BrokenDriver.ts"

type Look = StoreInspector["look"]

/** A look that is right, for drivers that have none: it hands over all tasks. */
const lookBy = (good: TaskDriver): Look => ({ seen }) =>
  Effect.gen(function*(): Effect.fn.Return<InspectorReport, TaskDriverError> {
    let after: TaskPosition | undefined
    while (seen !== undefined) {
      const { more, tasks } = yield* good.page({
        ...wholeRange,
        scope: everything,
        after,
        limit: 100,
        maxBytes: Number.MAX_SAFE_INTEGER
      })
      for (const task of tasks) seen(task.taskId, task)
      after = tasks.at(-1)
      if (!more) break
    }
    return { findings: [], checked: seen === undefined ? [] : ["rows"], isUsable: true }
  })

const looking = (change: (inspection: Inspection) => Inspection["seen"]) => (good: TaskDriver): TaskDriver => {
  const look = good.inspector?.look ?? lookBy(good)
  const plan = good.inspector?.plan ?? Effect.succeed({ version: 0, isUpToDate: true, statements: [] })
  return {
    ...good,
    inspector: {
      ...good.inspector,
      plan,
      look: (inspection) =>
        look({ ...inspection, seen: inspection.seen === undefined ? undefined : change(inspection) })
    }
  }
}

/**
 * @since 0.2.0
 * @category drivers
 */
export const brokenInspections: ReadonlyArray<BrokenDriver> = [
  {
    name: "says that it has read all tasks, and hands over none",
    subject: "inspection",
    checks: [],
    breakDriver: looking(() => () => undefined)
  },
  {
    name: "hands over each task twice",
    subject: "inspection",
    checks: [],
    breakDriver: looking(({ seen }) => (taskId, task) => {
      seen?.(taskId, task)
      seen?.(taskId, task)
    })
  },
  {
    name: "takes tasks with an outcome for rows that cannot be read",
    subject: "inspection",
    checks: [],
    breakDriver: looking(({ seen }) => (taskId, task) => seen?.(taskId, task?.result === null ? task : undefined))
  }
]
