/**
 * Drivers that break leases, or take the wrong tasks for abandoned.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriver } from "../../domain/driver/TaskDriver.ts"
import { isFree, type TaskGuard, type TaskPatch } from "../../domain/driver/TaskWrite.ts"
import type { StoredTask } from "../../domain/task/StoredTask.ts"
import { type BrokenDriver, patching, storing, tasksIn } from "./BrokenDriver.ts"

const without = (field: keyof TaskGuard, of: (patch: TaskPatch) => boolean = () => true) =>
  patching((taskId, scope, guard, patch) => {
    const { [field]: _, ...rest } = guard
    return [taskId, scope, of(patch) ? rest : guard, patch]
  })

const dropping = (drop: (patch: TaskPatch) => TaskPatch) =>
  patching((taskId, scope, guard, patch) => [taskId, scope, guard, drop(patch)])

type Abandoned = Effect.Success<ReturnType<TaskDriver["abandoned"]>>

/** Changes what is told of abandoned tasks. */
const telling = (change: (tasks: Abandoned) => Abandoned) => (good: TaskDriver): TaskDriver => ({
  ...good,
  abandoned: (query) => Effect.map(good.abandoned(query), change)
})

/** Takes a released task for one that its worker left. */
const withoutRelease = (good: TaskDriver): TaskDriver => ({
  ...good,
  patch: (taskId, scope, guard, patch) =>
    Effect.flatMap(good.find(taskId, scope), (task) => {
      const { leaseExpiredBy: _, ...rest } = guard
      return good.patch(taskId, scope, task?.leaseExpiresAt === 0 ? rest : guard, patch)
    })
})

const inSeconds = <Fields extends Partial<StoredTask>>(fields: Fields): Fields =>
  typeof fields.leaseExpiresAt === "number"
    ? { ...fields, leaseExpiresAt: Math.ceil(fields.leaseExpiresAt / 1000) * 1000 }
    : fields

const freeTasks = "claimableTasks, expired leases"

/**
 * @since 0.2.0
 * @category drivers
 */
export const brokenLeases: ReadonlyArray<BrokenDriver> = [
  {
    name: "does not check the attempt",
    subject: "fencing",
    checks: ["model", "linearizability"],
    breakDriver: without("attempt")
  },
  {
    name: "gives a task to every worker that claims it at the same time",
    subject: "leases",
    checks: ["linearizability"],
    breakDriver: without("unchanged", (patch) => patch.attempt !== undefined)
  },
  {
    name: "tells everybody of a lease that is extended",
    subject: "leases",
    checks: ["model"],
    breakDriver: patching((taskId, scope, guard, patch) => [
      taskId,
      scope,
      guard,
      { lastUpdatedAt: scope.now, ...patch }
    ])
  },
  {
    name: "fails a task that is held, since nobody touched it",
    subject: "leases",
    checks: ["model"],
    breakDriver: (good) => ({
      ...without("freeSince")(good),
      stale: (query) => good.stale({ ...query, freeSince: Number.MAX_SAFE_INTEGER })
    })
  },
  {
    name: "does not count claims",
    subject: "leases",
    checks: ["model", "linearizability"],
    breakDriver: dropping((patch) => {
      const { attempt: _, ...rest } = patch
      return rest
    })
  },
  {
    name: "keeps the lease of a task that has ended",
    subject: "leases",
    checks: ["model", "linearizability"],
    breakDriver: dropping(({ leaseExpiresAt, ...patch }) =>
      leaseExpiresAt === null || leaseExpiresAt === undefined ? patch : { ...patch, leaseExpiresAt }
    )
  },
  {
    name: "keeps the first lease of a task",
    subject: "leases",
    checks: ["model", "linearizability"],
    breakDriver: dropping((patch) => {
      const { leaseExpiresAt: _, ...rest } = patch
      return rest
    })
  },
  {
    name: "keeps leases in seconds",
    subject: "leases",
    checks: ["model", "linearizability"],
    breakDriver: storing(inSeconds)
  },
  {
    name: "recovers a task whose worker came back since it was listed",
    subject: freeTasks,
    checks: [],
    breakDriver: without("leaseExpiredBy")
  },
  {
    name: "recovers a task that was released since it was listed",
    subject: freeTasks,
    checks: [],
    breakDriver: withoutRelease
  },
  {
    name: "recovers tasks that wait for a worker",
    subject: freeTasks,
    checks: ["model"],
    breakDriver: (good) => ({
      ...withoutRelease(good),
      abandoned: (query) =>
        Effect.map(
          tasksIn(good, "working", query.now),
          (tasks) => tasks.filter((task) => isFree(task, query.expiredBy) && task.leaseExpiresAt !== null)
        )
    })
  },
  {
    name: "does not tell which abandoned tasks have an outcome",
    subject: freeTasks,
    checks: [],
    breakDriver: telling((tasks) => tasks.map(({ taskId }) => ({ taskId, resultKind: null })))
  }
]
