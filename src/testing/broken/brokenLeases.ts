/**
 * Drivers that break leases, or do not list expired ones.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { StoredTask } from "../../domain/StoredTask.ts"
import type { TaskDriver } from "../../domain/TaskDriver.ts"
import type { TaskGuard, TaskPatch } from "../../domain/TaskWrite.ts"
import { type BrokenDriver, everything, patching, storing } from "./BrokenDriver.ts"

type LeaseQuery = Parameters<TaskDriver["expiredLeases"]>[0]

const without = (field: keyof TaskGuard, of: (patch: TaskPatch) => boolean = () => true) =>
  patching((taskId, scope, guard, patch) => {
    const { [field]: _, ...rest } = guard
    return [taskId, scope, of(patch) ? rest : guard, patch]
  })

const dropping = (drop: (patch: TaskPatch) => TaskPatch) =>
  patching((taskId, scope, guard, patch) => [taskId, scope, guard, drop(patch)])

/** Changes which leases are listed. */
const asking = (change: (query: LeaseQuery) => LeaseQuery) => (good: TaskDriver): TaskDriver => ({
  ...good,
  expiredLeases: (query) => good.expiredLeases(change(query))
})

/** Changes what is told of the leases that are listed. */
const telling = (
  change: (tasks: Effect.Success<ReturnType<TaskDriver["expiredLeases"]>>) => typeof tasks
) =>
(good: TaskDriver): TaskDriver => ({
  ...good,
  expiredLeases: (query) =>
    Effect.map(good.expiredLeases({ ...query, limit: 10_000 }), (tasks) => change(tasks).slice(0, query.limit))
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

const isFree = (query: LeaseQuery) => ({ leaseExpiresAt }: StoredTask): boolean =>
  leaseExpiresAt !== null && leaseExpiresAt <= query.expiredBy && (query.released || leaseExpiresAt > 0)

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
    breakDriver: (good) => asking((query) => ({ ...query, released: true }))(withoutRelease(good))
  },
  {
    name: "lists no task that waits for a worker",
    subject: freeTasks,
    checks: ["model"],
    breakDriver: asking((query) => ({ ...query, released: false }))
  },
  {
    name: "lists tasks that wait for input as free",
    subject: freeTasks,
    checks: ["model"],
    breakDriver: (good) => ({
      ...good,
      expiredLeases: (query) =>
        Effect.gen(function*() {
          const scope = { now: query.now, session: undefined }
          const page = { scope, after: undefined, limit: 10_000, maxBytes: Infinity }
          const waiting = yield* good.page({ ...page, status: "input_required" })
          return [...waiting.tasks.filter(isFree(query)), ...(yield* good.expiredLeases(query))].slice(0, query.limit)
        })
    })
  },
  {
    name: "lists leases that have a moment left",
    subject: freeTasks,
    checks: ["model"],
    breakDriver: asking((query) => ({ ...query, expiredBy: query.expiredBy + 1 }))
  },
  {
    name: "lists free tasks that have expired",
    subject: freeTasks,
    checks: ["model"],
    breakDriver: asking((query) => ({ ...query, now: everything.now }))
  },
  {
    name: "lists the last free task first",
    subject: freeTasks,
    checks: ["model"],
    breakDriver: telling((tasks) => tasks.toReversed())
  },
  {
    name: "lists free tasks in the order of their ids",
    subject: freeTasks,
    checks: ["model"],
    breakDriver: telling((tasks) => tasks.toSorted((left, right) => left.taskId < right.taskId ? -1 : 1))
  },
  {
    name: "ignores the limit of a list of free tasks",
    subject: freeTasks,
    checks: ["model"],
    breakDriver: asking((query) => ({ ...query, limit: 10_000 }))
  },
  {
    name: "does not tell which abandoned tasks have an outcome",
    subject: freeTasks,
    checks: [],
    breakDriver: telling((tasks) => tasks.map(({ taskId }) => ({ taskId, resultKind: null })))
  }
]
