/**
 * Drivers that lose the news of workers, or give what is none.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { TaskGuard, TaskPatch } from "../../domain/driver/TaskWrite.ts"
import { holderOf } from "../../domain/task/StoredTask.ts"
import type { BrokenDriver } from "./BrokenDriver.ts"

type TakeNews = TaskDriver["workers"]["takeNews"]

/** Changes how news are taken. */
const hearing = (change: (take: TakeNews, good: TaskDriver) => TakeNews) => (good: TaskDriver): TaskDriver => ({
  ...good,
  workers: { ...good.workers, takeNews: change(good.workers.takeNews, good) }
})

/** Leaves more news than there are: those of writes that make none. */
const leavingMore =
  (isNews: (guard: TaskGuard, patch: TaskPatch) => boolean): BrokenDriver["breakDriver"] => (good) => {
    const left = new Map<string, Set<string>>()
    return {
      ...good,
      patch: (taskId, scope, guard, patch, answer) =>
        Effect.gen(function*() {
          const before = yield* good.find(taskId, scope)
          const result = yield* good.patch(taskId, scope, guard, patch, answer)
          const holder = before === undefined ? null : holderOf(before)
          if (result._tag === "Patched" && holder !== null && isNews(guard, patch)) {
            left.set(holder, (left.get(holder) ?? new Set()).add(taskId))
          }
          return result
        }),
      workers: {
        ...good.workers,
        takeNews: (workerId) =>
          Effect.map(good.workers.takeNews(workerId), (news) => {
            const all = new Set([...news, ...(left.get(workerId) ?? [])])
            left.delete(workerId)
            return [...all]
          })
      }
    }
  }

const news = "news of workers"

/**
 * @since 0.2.0
 * @category drivers
 */
export const brokenNews: ReadonlyArray<BrokenDriver> = [
  {
    name: "loses the news of workers",
    subject: news,
    checks: ["model", "linearizability"],
    breakDriver: hearing(() => () => Effect.succeed([]))
  },
  {
    name: "gives the first news of a worker and forgets the others",
    subject: news,
    checks: [],
    breakDriver: hearing((take) => (workerId) => Effect.map(take(workerId), (taskIds) => taskIds.slice(0, 1)))
  },
  {
    name: "forgets news before they are given",
    subject: news,
    checks: ["model", "linearizability"],
    breakDriver: hearing((take) => (workerId) => Effect.andThen(take(workerId), take(workerId)))
  },
  {
    name: "gives news again and again",
    subject: news,
    checks: ["model"],
    breakDriver: (good) => {
      const given = new Map<string, ReadonlySet<string>>()
      return hearing((take) => (workerId) =>
        Effect.map(take(workerId), (taskIds) => {
          const all = new Set([...(given.get(workerId) ?? []), ...taskIds])
          given.set(workerId, all)
          return [...all]
        })
      )(good)
    }
  },
  {
    name: "gives news for each write",
    subject: news,
    checks: ["model"],
    breakDriver: hearing((take) => (workerId) =>
      Effect.map(take(workerId), (taskIds) => taskIds.flatMap((taskId) => [taskId, taskId]))
    )
  },
  {
    name: "loses the news of deleted tasks",
    subject: news,
    checks: ["model", "linearizability"],
    breakDriver: hearing((take, good) => (workerId) =>
      Effect.flatMap(take(workerId), (taskIds) =>
        Effect.filter(taskIds, (taskId) =>
          Effect.map(
            good.find(taskId, { now: Number.MIN_SAFE_INTEGER, session: undefined }),
            (task) => task !== undefined
          )))
    )
  },
  {
    name: "gives a worker the news of others",
    subject: news,
    checks: ["model", "linearizability"],
    breakDriver: hearing((take, good) => () =>
      Effect.gen(function*(): Effect.fn.Return<ReadonlyArray<string>, TaskDriverError> {
        const listed = yield* good.workers.list({ behind: undefined, limit: 10_000 })
        return (yield* Effect.forEach(listed, ({ worker }) => take(worker.workerId))).flat()
      })
    )
  },
  {
    name: "has news of what a worker itself writes",
    subject: news,
    checks: ["model", "linearizability"],
    breakDriver: leavingMore((guard) => guard.attempt !== undefined)
  },
  {
    name: "has news of claims",
    subject: news,
    // Only of workers that are dead, whose news does not matter.
    checks: [],
    breakDriver: leavingMore((_, patch) => patch.attempt !== undefined)
  },
  {
    name: "has news of a lease that is extended",
    subject: news,
    checks: [],
    breakDriver: leavingMore((_, patch) => patch.lastUpdatedAt === undefined)
  },
  {
    name: "loses the news of a task that ends",
    subject: news,
    checks: ["model", "linearizability"],
    breakDriver: (good) => ({
      ...good,
      patch: (taskId, scope, guard, patch, answer) =>
        Effect.gen(function*() {
          const before = yield* good.find(taskId, scope)
          const holder = before === undefined ? null : holderOf(before)
          if (holder === null || patch.leaseExpiresAt !== null) {
            return yield* good.patch(taskId, scope, guard, patch, answer)
          }
          // A claim makes no news.
          return yield* good.patch(taskId, scope, guard, { ...patch, attempt: before?.attempt ?? 0 }, answer)
        })
    })
  },
  {
    name: "keeps the news of a worker that is removed",
    subject: news,
    checks: [],
    breakDriver: (good) => {
      const kept = new Map<string, ReadonlyArray<string>>()
      return {
        ...good,
        workers: {
          ...good.workers,
          end: (workerId, at) =>
            Effect.gen(function*() {
              kept.set(workerId, yield* good.workers.takeNews(workerId))
              return yield* good.workers.end(workerId, at)
            }),
          takeNews: (workerId) =>
            Effect.map(good.workers.takeNews(workerId), (news) => {
              const all = [...news, ...(kept.get(workerId) ?? [])]
              kept.delete(workerId)
              return all
            })
        }
      }
    }
  }
]
