/**
 * Drivers that break the limits of active tasks.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { type ActiveBounds, hasSeat, reachedBound } from "../../domain/driver/ActiveBounds.ts"
import type { FreeQuery, TaskDriver } from "../../domain/driver/TaskDriver.ts"
import type { StoredTask } from "../../domain/task/StoredTask.ts"
import { taskStatuses } from "../../domain/task/TaskStatus.ts"
import { type BrokenDriver, patching, tasksIn, unexpired } from "./BrokenDriver.ts"

/** Counts seats by itself, of all that is stored, and lets others go first between that and the insert. */
const counting =
  (seatsOf: (tasks: ReadonlyArray<StoredTask>, bounds: ActiveBounds) => number) => (good: TaskDriver): TaskDriver => ({
    ...good,
    insert: (task, { active, ...bounds }, now) =>
      Effect.gen(function*() {
        if (active === undefined || (yield* good.find(task.taskId, { now, session: undefined })) !== undefined) {
          return yield* good.insert(task, bounds, now)
        }
        const { now: anyTime } = unexpired({ now, session: undefined })
        const stored = (yield* Effect.forEach(taskStatuses, (status) => tasksIn(good, status, anyTime))).flat()
          .filter(({ taskId }) => taskId !== task.taskId)
        yield* Effect.yieldNow
        const reached = reachedBound(active, task.sessionId, {
          all: seatsOf(stored, active),
          inSession: seatsOf(stored.filter(({ sessionId }) => sessionId === task.sessionId), active)
        })
        return reached === undefined ? yield* good.insert(task, bounds, now) : { _tag: "LimitReached", ...reached }
      })
  })

const seats = (tasks: ReadonlyArray<StoredTask>, { whenMaxActive }: ActiveBounds): number =>
  tasks.filter((task) => hasSeat(task, whenMaxActive)).length

/** Changes which seats a driver looks for. */
const looking = (change: (seats: FreeQuery["seats"]) => FreeQuery["seats"]) => (good: TaskDriver): TaskDriver => ({
  ...good,
  free: (query) => good.free({ ...query, seats: change(query.seats) }),
  take: (query, patch) => good.take?.({ ...query, seats: change(query.seats) }, patch) ?? Effect.succeed([])
})

/**
 * Lists the mistakes with limits of active tasks.
 *
 * @since 0.2.0
 * @category drivers
 */
export const brokenSeats: ReadonlyArray<BrokenDriver> = [
  {
    name: "counts active tasks before it inserts",
    subject: "limits of active tasks",
    checks: ["model"],
    breakDriver: counting(seats)
  },
  {
    name: "never frees the seat of a task that is stored",
    subject: "limits of active tasks",
    checks: ["model"],
    breakDriver: counting((tasks) => tasks.length)
  },
  {
    name: "frees the seat of a task that has ended twice",
    subject: "limits of active tasks",
    checks: ["model"],
    breakDriver: counting((tasks, active) => 2 * seats(tasks, active) - tasks.length)
  },
  {
    name: "counts the active tasks of its own process alone",
    subject: "limits of active tasks",
    checks: ["model"],
    breakDriver: (good) => {
      const own = new Set<string>()
      const countOwn = counting((tasks, active) => seats(tasks.filter(({ taskId }) => own.has(taskId)), active))(good)
      return {
        ...countOwn,
        insert: (task, bounds, now) =>
          Effect.tap(countOwn.insert(task, bounds, now), () => Effect.sync(() => own.add(task.taskId)))
      }
    }
  },
  {
    name: "does not limit the active tasks of a session",
    subject: "limits of active tasks",
    checks: ["model"],
    breakDriver: (good) => ({
      ...good,
      insert: (task, { active, ...bounds }, now) =>
        good.insert(task, { ...bounds, active: active && { ...active, maxActivePerSession: null } }, now)
    })
  },
  {
    name: "does not limit the active tasks that are run again",
    subject: "limits of active tasks",
    checks: [],
    breakDriver: (good) => ({
      ...good,
      rerun: (task, bounds, now, source) => good.rerun(task, { ...bounds, active: undefined }, now, source)
    })
  },
  {
    name: "begins a task that waits, though there is no seat for it",
    subject: "tasks that wait for seats",
    checks: ["model"],
    breakDriver: patching((taskId, scope, guard, patch) => [taskId, scope, { ...guard, seats: undefined }, patch])
  },
  {
    name: "takes tasks that wait, though there are no seats for them",
    subject: "tasks that wait for seats",
    checks: ["model", "linearizability"],
    breakDriver: looking((seats) => seats === "taken" ? seats : undefined)
  },
  {
    name: "takes more tasks of a session than it has seats for",
    subject: "tasks that wait for seats",
    checks: ["model"],
    breakDriver: looking((seats) => typeof seats === "object" ? { ...seats, maxActivePerSession: null } : seats)
  },
  {
    name: "does not find a task again that has begun",
    subject: "tasks that wait for seats",
    checks: ["model"],
    breakDriver: (good) => ({
      ...good,
      free: (query) => query.seats === "taken" ? Effect.succeed([]) : good.free(query),
      take: (query, patch) =>
        query.seats === "taken" ? Effect.succeed([]) : good.take?.(query, patch) ?? Effect.succeed([])
    })
  },
  {
    name: "counts the tasks that wait among those that have begun",
    subject: "tasks that wait for seats",
    checks: ["model", "linearizability"],
    breakDriver: (good) => ({
      ...good,
      insert: (task, { active, ...bounds }, now) =>
        good.insert(task, { ...bounds, active: active && { ...active, whenMaxActive: "refuse" } }, now)
    })
  }
]
