/**
 * Drivers that break registered workers, or what they hold.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { TaskPatch } from "../../domain/driver/TaskWrite.ts"
import type { StoredWorker, WorkerDriver } from "../../domain/driver/WorkerDriver.ts"
import { StoredJson } from "../../domain/json/StoredJson.ts"
import { heldByWorker, holderOf, type StoredTask } from "../../domain/task/StoredTask.ts"
import { isTerminal } from "../../domain/task/TaskStatus.ts"
import { type BrokenDriver, patching, storing, tasksIn } from "./BrokenDriver.ts"

/** Changes primitives of workers. */
const working = (change: (good: WorkerDriver) => Partial<WorkerDriver>) => (good: TaskDriver): TaskDriver => ({
  ...good,
  workers: { ...good.workers, ...change(good.workers) }
})

const everyWorker = (good: WorkerDriver): Effect.Effect<ReadonlyArray<StoredWorker>, TaskDriverError> =>
  Effect.map(good.list({ behind: undefined, limit: 10_000 }), (listed) => listed.map(({ worker }) => worker))

/** Ends the hold of several workers. */
const releasing = (
  good: WorkerDriver,
  query: Parameters<WorkerDriver["release"]>[0],
  workers: ReadonlyArray<StoredWorker>
) =>
  Effect.map(
    Effect.forEach(workers, ({ workerId }) => good.release({ ...query, workerId })),
    (counts) => counts.reduce((sum, count) => sum + count, 0)
  )

/** Changes every write. Tasks are claimed one by one, so that claims are writes like others. */
const writing = (change: (patch: TaskPatch) => TaskPatch) => (good: TaskDriver): TaskDriver => {
  const { take: _, ...rest } = good
  return patching((taskId, scope, guard, patch) => [taskId, scope, guard, change(patch)])(rest)
}

/** A claim that leaves a field as it was. */
const claimingWithout = (field: "worker" | "startedAt") =>
  writing((patch) => {
    if (patch.attempt === undefined) return patch
    const { [field]: _, ...rest } = patch
    return rest
  })

const nothing = StoredJson.fromJson({})

const isEnd = ({ status }: TaskPatch): boolean => status !== undefined && isTerminal(status)

const workers = "workers"
const tasks = "tasks of workers"

/**
 * @since 0.2.0
 * @category drivers
 */
export const brokenWorkers: ReadonlyArray<BrokenDriver> = [
  {
    name: "revives a dead worker that is renewed",
    subject: workers,
    checks: ["model", "linearizability"],
    breakDriver: working((good) => ({
      renew: (workerId, leaseExpiresAt) =>
        Effect.gen(function*() {
          const found = yield* good.find(workerId)
          if (found === undefined || found.diedAt === null) return yield* good.renew(workerId, leaseExpiresAt)
          const worker = { ...found, diedAt: null, leaseExpiresAt }
          yield* good.insert(worker)
          return { worker }
        })
    }))
  },
  {
    name: "loses a worker whose lease has run out, though nobody declared it dead",
    subject: workers,
    checks: ["model", "linearizability"],
    breakDriver: working((good) => ({
      renew: (workerId, leaseExpiresAt) =>
        Effect.flatMap(
          Effect.all([Clock.currentTimeMillis, good.find(workerId)]),
          ([now, worker]) =>
            worker !== undefined && worker.leaseExpiresAt <= now
              ? Effect.succeed({ worker: undefined })
              : good.renew(workerId, leaseExpiresAt)
        )
    }))
  },
  {
    name: "knows every worker that is renewed",
    subject: workers,
    checks: ["model", "linearizability"],
    breakDriver: working((good) => ({
      renew: (workerId, leaseExpiresAt) =>
        Effect.map(good.renew(workerId, leaseExpiresAt), ({ worker }) => ({
          worker: worker ??
            { workerId, registeredAt: 0, leaseExpiresAt, diedAt: null, about: nothing }
        }))
    }))
  },
  {
    name: "does not store a renewal",
    subject: workers,
    checks: ["model", "linearizability"],
    breakDriver: working((good) => ({
      renew: (workerId, leaseExpiresAt) =>
        Effect.map(good.find(workerId), (worker) =>
          worker === undefined || worker.diedAt !== null
            ? { worker: undefined }
            : { worker: { ...worker, leaseExpiresAt } })
    }))
  },
  {
    name: "never shortens the lease of a worker",
    subject: workers,
    checks: ["model"],
    breakDriver: working((good) => ({
      renew: (workerId, leaseExpiresAt) =>
        Effect.flatMap(
          good.find(workerId),
          (worker) => good.renew(workerId, Math.max(leaseExpiresAt, worker?.leaseExpiresAt ?? 0))
        )
    }))
  },
  {
    name: "declares a worker dead that was renewed since it was read",
    subject: workers,
    checks: ["linearizability"],
    breakDriver: working((good) => ({
      declareDead: ({ at, except, expiredBy, limit }) =>
        Effect.gen(function*() {
          const found = (yield* everyWorker(good)).filter(({ diedAt, leaseExpiresAt, workerId }) =>
            diedAt === null && leaseExpiresAt <= expiredBy && workerId !== except
          ).slice(0, limit)
          yield* Effect.yieldNow
          for (const worker of found) yield* good.insert({ ...worker, diedAt: at })
          return found.map(({ workerId }) => workerId)
        })
    }))
  },
  {
    name: "declares the worker dead that asks",
    subject: workers,
    checks: ["model", "linearizability"],
    breakDriver: working((good) => ({ declareDead: (query) => good.declareDead({ ...query, except: undefined }) }))
  },
  {
    name: "declares workers dead that have a moment left",
    subject: workers,
    checks: ["model"],
    breakDriver: working((good) => ({
      declareDead: (query) => good.declareDead({ ...query, expiredBy: query.expiredBy + 1 })
    }))
  },
  {
    name: "declares nobody dead",
    subject: workers,
    checks: ["model", "linearizability"],
    breakDriver: working(() => ({ declareDead: () => Effect.succeed([]) }))
  },
  {
    name: "does not tell whom it declared dead",
    subject: workers,
    checks: ["model", "linearizability"],
    breakDriver: working((good) => ({ declareDead: (query) => Effect.as(good.declareDead(query), []) }))
  },
  {
    name: "lists dead workers as living ones",
    subject: workers,
    checks: ["model", "linearizability"],
    breakDriver: working((good) => ({
      list: (query) =>
        Effect.map(
          good.list(query),
          (listed) => listed.map(({ tasks, worker }) => ({ tasks, worker: { ...worker, diedAt: null } }))
        )
    }))
  },
  {
    name: "lists workers without what they hold",
    subject: workers,
    checks: ["model", "linearizability"],
    breakDriver: working((good) => ({
      list: (query) => Effect.map(good.list(query), (listed) => listed.map(({ worker }) => ({ worker, tasks: 0 })))
    }))
  },
  {
    name: "loses what a worker says of itself",
    subject: workers,
    checks: ["model"],
    breakDriver: working((good) => ({ insert: (worker) => good.insert({ ...worker, about: nothing }) }))
  },
  {
    name: "takes a living worker for dead when its task is claimed",
    subject: tasks,
    checks: ["model", "linearizability"],
    breakDriver: working(() => ({ find: () => Effect.succeed(undefined) }))
  },
  {
    name: "takes a worker for dead once its lease has run out",
    subject: tasks,
    checks: [],
    breakDriver: working((good) => ({
      find: (workerId) =>
        Effect.map(
          Effect.all([Clock.currentTimeMillis, good.find(workerId)]),
          ([now, worker]) => worker === undefined || worker.leaseExpiresAt > now ? worker : { ...worker, diedAt: now }
        )
    }))
  },
  {
    name: "takes no worker for dead when its task is claimed",
    subject: tasks,
    checks: ["linearizability"],
    breakDriver: working((good) => ({
      find: (workerId) =>
        Effect.map(good.find(workerId), (worker) => worker === undefined ? worker : { ...worker, diedAt: null })
    }))
  },
  {
    name: "frees the tasks of living workers with those of the dead",
    subject: tasks,
    checks: ["model", "linearizability"],
    breakDriver: working((good) => ({
      release: (query) =>
        query.workerId === undefined
          ? Effect.flatMap(everyWorker(good), (workers) => releasing(good, query, workers))
          : good.release(query)
    }))
  },
  {
    name: "frees the tasks of another worker with those of one that ends",
    subject: workers,
    checks: ["model"],
    breakDriver: working((good) => ({
      release: (query) =>
        query.workerId === undefined
          ? good.release(query)
          : Effect.flatMap(everyWorker(good), (workers) => releasing(good, query, workers))
    }))
  },
  {
    name: "leaves the tasks of the dead to them",
    subject: tasks,
    checks: ["model"],
    breakDriver: working((good) => ({
      release: (query) => query.workerId === undefined ? Effect.succeed(0) : good.release(query)
    }))
  },
  {
    name: "leaves the tasks of a worker that ends to it",
    subject: workers,
    checks: ["model"],
    breakDriver: working((good) => ({
      release: (query) => query.workerId === undefined ? good.release(query) : Effect.succeed(0)
    }))
  },
  {
    name: "frees the tasks of the dead as if they had released them",
    subject: tasks,
    checks: ["model", "linearizability"],
    breakDriver: working((good) => ({ release: (query) => good.release({ ...query, leaseExpiresAt: 0 }) }))
  },
  {
    name: "removes dead workers that hold tasks",
    subject: "primitives",
    checks: [],
    breakDriver: working((good) => ({
      removeDead: (diedBefore, limit) =>
        Effect.andThen(
          good.release({ workerId: undefined, leaseExpiresAt: 0, limit: 10_000 }),
          good.removeDead(diedBefore, limit)
        )
    }))
  },
  {
    name: "removes no dead worker",
    subject: workers,
    checks: [],
    breakDriver: working(() => ({ removeDead: () => Effect.succeed(0) }))
  },
  {
    name: "removes dead workers at once",
    subject: workers,
    checks: [],
    breakDriver: working((good) => ({ removeDead: (_, limit) => good.removeDead(Number.MAX_SAFE_INTEGER, limit) }))
  },
  {
    name: "removes living workers whose lease has run out",
    subject: workers,
    checks: [],
    breakDriver: working((good) => ({
      removeDead: (diedBefore, limit) =>
        Effect.gen(function*() {
          const expired = (yield* everyWorker(good)).filter(({ leaseExpiresAt }) => leaseExpiresAt < diedBefore)
          for (const { workerId } of expired) yield* good.end(workerId, 0)
          return expired.length + (yield* good.removeDead(diedBefore, limit))
        })
    }))
  },
  {
    name: "goes on with a worker that has ended",
    subject: workers,
    checks: ["model"],
    breakDriver: working(() => ({ end: () => Effect.void }))
  },
  {
    name: "does not store who holds a task",
    subject: tasks,
    checks: ["model", "linearizability"],
    breakDriver: storing(<Fields extends Partial<StoredTask>>(fields: Fields): Fields =>
      fields.worker === undefined ? fields : { ...fields, worker: null }
    )
  },
  {
    name: "keeps the first worker of a task",
    subject: tasks,
    checks: ["model", "linearizability"],
    breakDriver: claimingWithout("worker")
  },
  {
    name: "keeps since when a task was held first",
    subject: tasks,
    checks: ["model", "linearizability"],
    breakDriver: claimingWithout("startedAt")
  },
  {
    name: "moves since when a task is held with every write",
    subject: tasks,
    checks: ["model"],
    breakDriver: writing((patch) =>
      patch.lastUpdatedAt === undefined || patch.startedAt === null
        ? patch
        : { ...patch, startedAt: patch.lastUpdatedAt }
    )
  },
  {
    name: "moves since when a task is held with its lease",
    subject: tasks,
    checks: ["model"],
    breakDriver: (good) => ({
      ...good,
      patch: (taskId, scope, guard, patch, answer) =>
        good.patch(
          taskId,
          scope,
          guard,
          typeof patch.leaseExpiresAt === "number" && patch.startedAt === undefined
            ? { ...patch, startedAt: scope.now }
            : patch,
          answer
        )
    })
  },
  {
    name: "forgets who had a task once it has ended",
    subject: tasks,
    checks: ["model", "linearizability"],
    breakDriver: writing((patch) => isEnd(patch) ? { ...patch, worker: null } : patch)
  },
  {
    name: "forgets since when a task was held once it has ended",
    subject: tasks,
    checks: ["model", "linearizability"],
    breakDriver: writing((patch) => isEnd(patch) ? { ...patch, startedAt: null } : patch)
  },
  {
    name: "keeps who had a task that was released",
    subject: tasks,
    checks: ["model", "linearizability"],
    breakDriver: writing(({ worker, ...patch }) =>
      worker === null || worker === undefined ? patch : { ...patch, worker }
    )
  },
  {
    name: "takes a task that a worker holds for one that nobody touched",
    subject: tasks,
    checks: ["model"],
    breakDriver: (good) => ({
      ...good,
      patch: (taskId, scope, guard, patch, answer) => {
        const { freeSince: _, ...rest } = guard
        return good.patch(taskId, scope, rest, patch, answer)
      },
      stale: (query) =>
        Effect.gen(function*() {
          const held = yield* Effect.forEach(query.statuses, (status) => tasksIn(good, status, query.now))
          return [...held.flat().filter((task) => holderOf(task) !== null), ...(yield* good.stale(query))]
        })
    })
  },
  {
    name: "takes the lease of a worker for one that has run out",
    subject: tasks,
    checks: ["model", "linearizability"],
    breakDriver: storing(<Fields extends Partial<StoredTask>>(fields: Fields): Fields =>
      fields.leaseExpiresAt === heldByWorker ? { ...fields, leaseExpiresAt: 1 } : fields
    )
  }
]
