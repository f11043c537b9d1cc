/**
 * Drivers that break the condition of a write.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriver } from "../../domain/driver/TaskDriver.ts"
import { permits, type TaskGuard } from "../../domain/driver/TaskWrite.ts"
import { type BrokenDriver, everything, patching } from "./BrokenDriver.ts"

const without = (field: keyof TaskGuard) =>
  patching((taskId, scope, guard, patch) => {
    const { [field]: _, ...rest } = guard
    return [taskId, scope, rest, patch]
  })

/** Reads, lets others go first, and then writes what it should have checked in the same step. */
const readThenWrite = (good: TaskDriver, wholeRow: boolean): TaskDriver["patch"] => (taskId, scope, guard, patch) =>
  Effect.gen(function*() {
    const task = yield* good.find(taskId, scope)
    if (task === undefined) return { _tag: "Missing" } as const
    if (!permits(guard, task, patch)) return { _tag: "Rejected", task } as const
    yield* Effect.yieldNow
    const { resultKind, result, revision: _, ...row } = task
    const stored = result === null || resultKind === null ? row : { ...row, result, resultKind }
    return yield* good.patch(taskId, scope, {}, wholeRow ? { ...stored, ...patch } : patch)
  })

/**
 * @since 0.1.0
 * @category drivers
 */
export const brokenGuards: ReadonlyArray<BrokenDriver> = [
  {
    name: "does not check the status",
    subject: "updateTaskStatus",
    checks: ["model", "linearizability"],
    breakDriver: without("statuses")
  },
  {
    name: "does not check the revision",
    subject: "requireInput, provideInput",
    checks: ["linearizability"],
    breakDriver: without("unchanged")
  },
  {
    name: "takes a task for an earlier one of its id",
    subject: "requireInput, provideInput",
    checks: [],
    breakDriver: (good) => ({
      ...good,
      patch: (taskId, scope, guard, patch) =>
        Effect.flatMap(good.find(taskId, scope), (task) =>
          good.patch(
            taskId,
            scope,
            guard.unchanged === undefined || task === undefined
              ? guard
              : { ...guard, unchanged: { ...guard.unchanged, incarnation: task.incarnation } },
            patch
          ))
    })
  },
  {
    name: "overwrites a stored result",
    subject: "storeTaskResult, getTaskResult",
    checks: ["model", "linearizability"],
    breakDriver: without("result")
  },
  {
    name: "does not check the size of what is stored already",
    subject: "limits",
    checks: [],
    breakDriver: without("contentAtMost")
  },
  {
    name: "recovers a task that was written since it was listed",
    subject: "recoverStuckTasks",
    checks: [],
    breakDriver: without("updatedBefore")
  },
  {
    name: "recovers tasks of any age",
    subject: "recoverStuckTasks",
    checks: ["model"],
    breakDriver: (good) => ({
      ...without("updatedBefore")(good),
      stale: (query) => good.stale({ ...query, updatedBefore: Number.MAX_SAFE_INTEGER })
    })
  },
  {
    name: "reads, checks, and writes later",
    subject: "updateTaskStatus",
    checks: ["linearizability"],
    breakDriver: (good) => ({ ...good, patch: readThenWrite(good, false) })
  },
  {
    name: "reads, checks, and writes the whole row later",
    subject: "requireInput, provideInput",
    checks: ["linearizability"],
    breakDriver: (good) => ({ ...good, patch: readThenWrite(good, true) })
  },
  {
    name: "explains a refusal by what it read before",
    subject: "updateTaskStatus",
    checks: ["linearizability"],
    breakDriver: (good) => ({
      ...good,
      patch: (taskId, scope, guard, patch) =>
        Effect.gen(function*() {
          const before = yield* good.find(taskId, scope)
          yield* Effect.yieldNow
          const result = yield* good.patch(taskId, scope, guard, patch)
          return result._tag === "Rejected" ? { ...result, task: before ?? result.task } : result
        })
    })
  },
  {
    name: "answers with the task from before the write",
    subject: "updateTaskStatus",
    checks: ["model", "linearizability"],
    breakDriver: (good) => ({
      ...good,
      patch: (taskId, scope, guard, patch) =>
        Effect.gen(function*() {
          const before = yield* good.find(taskId, scope)
          const result = yield* good.patch(taskId, scope, guard, patch)
          return result._tag === "Patched" ? { ...result, task: before ?? result.task } : result
        })
    })
  },
  {
    name: "forgets the guard where the summary will do",
    subject: "withSummary",
    checks: ["model", "linearizability"],
    breakDriver: (good) => ({
      ...good,
      patch: (taskId, scope, guard, patch, answer) =>
        good.patch(taskId, scope, answer === "summary" ? {} : guard, patch, answer)
    })
  },
  {
    name: "answers with the summary from before the write",
    subject: "withSummary",
    checks: ["model", "linearizability"],
    breakDriver: (good) => ({
      ...good,
      patch: (taskId, scope, guard, patch, answer) =>
        Effect.gen(function*() {
          const before = yield* good.find(taskId, scope)
          const result = yield* good.patch(taskId, scope, guard, patch, answer)
          return result._tag === "Patched" && answer === "summary" && before !== undefined
            ? { ...result, task: before }
            : result
        })
    })
  },
  {
    name: "explains a refusal by half of the task where the summary will do",
    subject: "withSummary",
    checks: ["model"],
    breakDriver: (good) => ({
      ...good,
      patch: (taskId, scope, guard, patch, answer) =>
        Effect.map(
          good.patch(taskId, scope, guard, patch, answer),
          (result) =>
            result._tag === "Rejected" && answer === "summary"
              ? { ...result, task: { ...result.task, originalParams: null, principal: null, result: null } }
              : result
        )
    })
  },
  {
    name: "tells a refusal as a missing task",
    subject: "updateTaskStatus",
    checks: ["model", "linearizability"],
    breakDriver: (good) => ({
      ...good,
      patch: (...args) =>
        Effect.map(good.patch(...args), (result) => result._tag === "Rejected" ? { _tag: "Missing" } : result)
    })
  },
  {
    name: "overwrites a task whose id is taken",
    subject: "createTask",
    checks: ["model", "linearizability"],
    breakDriver: (good) => ({
      ...good,
      insert: (task, bounds, now) =>
        Effect.andThen(good.remove(task.taskId, everything), good.insert(task, bounds, now))
    })
  },
  {
    name: "counts before it inserts",
    subject: "limits",
    checks: [],
    breakDriver: (good) => ({
      ...good,
      insert: (task, { maxTasks, maxTasksPerSession }, now) =>
        Effect.gen(function*() {
          if ((yield* good.find(task.taskId, { now, session: undefined })) !== undefined) {
            return { _tag: "Exists" } as const
          }
          const session = task.sessionId === null ? 0 : yield* good.count({ ...everything, session: task.sessionId })
          const all = yield* good.count(everything)
          yield* Effect.yieldNow
          if (maxTasks !== null && all >= maxTasks) {
            return { _tag: "LimitReached", scope: "storage", limit: maxTasks } as const
          }
          if (maxTasksPerSession !== null && session >= maxTasksPerSession) {
            return { _tag: "LimitReached", scope: "session", limit: maxTasksPerSession } as const
          }
          return yield* good.insert(task, { maxTasks: null, maxTasksPerSession: null }, now)
        })
    })
  },
  {
    name: "does not replace an expired task of the same id",
    subject: "expiry",
    checks: ["model"],
    breakDriver: (good) => ({ ...good, insert: (task, bounds) => good.insert(task, bounds, everything.now) })
  }
]
