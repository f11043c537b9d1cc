/**
 * Drivers that are wrong on purpose, to show that the suite notices.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { wholeRange } from "../../domain/driver/TaskRange.ts"
import type { TaskGuard, TaskPatch, TaskScope } from "../../domain/driver/TaskWrite.ts"
import type { StoredTask } from "../../domain/task/StoredTask.ts"
import type { TaskStatus } from "../../domain/task/TaskStatus.ts"

/**
 * A mistake that a backend could make, as a change of any good driver.
 *
 * @since 0.1.0
 * @category models
 */
export interface BrokenDriver {
  readonly name: string
  /** The subject of the contract with a case that notices. */
  readonly subject: string
  /** The random checks that notice as well. */
  readonly checks: ReadonlyArray<"model" | "linearizability">
  /** Wraps a good driver in the mistake. */
  readonly breakDriver: (good: TaskDriver) => TaskDriver
}

/** Before any time that a task can expire at, so that nothing has expired. */
const beforeAll = Number.MIN_SAFE_INTEGER

/** A scope without an end of tasks. */
export const unexpired = (scope: TaskScope): TaskScope => ({ ...scope, now: beforeAll })

/** A scope without sessions. */
export const anySession = (scope: TaskScope): TaskScope => ({ ...scope, session: undefined })

/** Every task, expired or not. */
export const everything: TaskScope = { now: beforeAll, session: undefined }

/** Changes how a driver patches. */
export const patching = (
  change: (
    taskId: string,
    scope: TaskScope,
    guard: TaskGuard,
    patch: TaskPatch
  ) => readonly [taskId: string, scope: TaskScope, guard: TaskGuard, patch: TaskPatch]
) =>
(good: TaskDriver): TaskDriver => ({
  ...good,
  patch: (taskId, scope, guard, patch, answer) => good.patch(...change(taskId, scope, guard, patch), answer)
})

/** Changes the scope of a primitive that reads or removes. */
export const scoping = (
  primitive: "find" | "findSummary" | "remove" | "patch" | "page" | "pageSummaries" | "count",
  change: (scope: TaskScope) => TaskScope
) =>
(good: TaskDriver): TaskDriver => {
  switch (primitive) {
    case "find":
      return { ...good, find: (taskId, scope) => good.find(taskId, change(scope)) }
    case "findSummary":
      return { ...good, findSummary: (taskId, scope) => good.findSummary(taskId, change(scope)) }
    case "remove":
      return { ...good, remove: (taskId, scope) => good.remove(taskId, change(scope)) }
    case "patch":
      return { ...good, patch: (taskId, scope, ...write) => good.patch(taskId, change(scope), ...write) }
    case "page":
      return { ...good, page: (query) => good.page({ ...query, scope: change(query.scope) }) }
    case "pageSummaries":
      return { ...good, pageSummaries: (query) => good.pageSummaries({ ...query, scope: change(query.scope) }) }
    case "count":
      return { ...good, count: (scope) => good.count(change(scope)) }
  }
}

/** Changes the rows and patches that are written. */
export const storing =
  (change: <Fields extends Partial<StoredTask>>(fields: Fields) => Fields) => (good: TaskDriver): TaskDriver => ({
    ...good,
    insert: (task, bounds, now) => good.insert(change(task), bounds, now),
    patch: (taskId, scope, guard, patch, answer) => good.patch(taskId, scope, guard, change(patch), answer)
  })

/** Reads every visible task of a status. */
export const tasksIn = (
  good: TaskDriver,
  status: TaskStatus,
  now: number
): Effect.Effect<ReadonlyArray<StoredTask>, TaskDriverError> =>
  Effect.map(
    good.page({
      ...wholeRange,
      scope: { now, session: undefined },
      statuses: [status],
      after: undefined,
      limit: 10_000,
      maxBytes: Infinity
    }),
    ({ tasks }) => tasks
  )
