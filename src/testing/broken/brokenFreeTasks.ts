/**
 * Drivers that find or take the wrong free tasks, or in the wrong order.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { isOfKinds } from "../../domain/driver/KindDriver.ts"
import type {
  FreeKindsQuery,
  FreeQuery,
  FreeTask,
  FreeTime,
  StoredKind,
  TaskDriver,
  TaskDriverError
} from "../../domain/driver/TaskDriver.ts"
import { isFree, type TaskPatch } from "../../domain/driver/TaskWrite.ts"
import { type BrokenDriver, everything, tasksIn } from "./BrokenDriver.ts"

type Finds = Pick<TaskDriver, "free" | "freeKinds">

/** Changes how free tasks are found. What is found is claimed one by one, so that claims find the same. */
const finding = (change: (good: TaskDriver) => Partial<Finds>) => (good: TaskDriver): TaskDriver => {
  const { take: _, ...rest } = good
  return { ...rest, ...change(good) }
}

/** Changes which free tasks are asked for. */
const asking = (change: (query: FreeQuery) => FreeQuery) =>
  finding((good) => ({ free: (query) => good.free(change(query)) }))

/** Changes which kinds are asked for. */
const askingKinds = (change: (query: FreeKindsQuery) => FreeKindsQuery) =>
  finding((good) => ({ freeKinds: (query) => good.freeKinds(change(query)) }))

/** Changes which time is asked about. */
const timing = (change: <Query extends { readonly freeBy: number; readonly now: number }>(query: Query) => Query) =>
  finding((good) => ({
    free: (query) => good.free(change(query)),
    freeKinds: (query) => good.freeKinds(change(query))
  }))

/** Changes what is told of all free tasks of a kind, of which the first are given. */
const telling = (change: (tasks: ReadonlyArray<FreeTask>, query: FreeQuery) => ReadonlyArray<FreeTask>) =>
  finding((good) => ({
    free: (query) =>
      Effect.map(good.free({ ...query, limit: 10_000 }), (tasks) => change(tasks, query).slice(0, query.limit))
  }))

/** Changes the kinds that are told. */
const kinds = (change: (kinds: ReadonlyArray<StoredKind>) => ReadonlyArray<StoredKind>) =>
  finding((good) => ({ freeKinds: (query) => Effect.map(good.freeKinds(query), change) }))

const allKinds = (good: TaskDriver, { freeBy, now }: FreeTime) => good.freeKinds({ freeBy, now, limit: 10_000 })

const isSameKind = (left: StoredKind, right: StoredKind): boolean =>
  left.originalMethod.text === right.originalMethod.text && left.name?.text === right.name?.text

/** Claims what is free with the patches that it is given, with nothing that keeps others from doing the same. */
const taking = (patchOf: (patch: TaskPatch, task: FreeTask) => TaskPatch) => (good: TaskDriver): TaskDriver => ({
  ...good,
  take: (query, patch) =>
    Effect.gen(function*() {
      const tasks = yield* good.free(query)
      yield* Effect.yieldNow
      const taken = yield* Effect.forEach(tasks, (before) =>
        Effect.map(
          good.patch(before.taskId, { now: query.now, session: undefined }, {}, patchOf(patch, before)),
          (result) => result._tag === "Patched" ? [{ task: result.task, before }] : []
        ))
      return taken.flat()
    })
})

/** Finds more tasks than are free: all at work, or that wait for input, of which something holds. */
const findingMore = (
  isFound: (task: Effect.Success<ReturnType<typeof tasksIn>>[number], freeBy: number) => boolean
) =>
  finding((good) => {
    const found = (freeBy: number, now: number) =>
      Effect.map(
        Effect.all([tasksIn(good, "working", now), tasksIn(good, "input_required", now)]),
        (tasks) => tasks.flat().filter((task) => isFound(task, freeBy))
      )
    return {
      free: (query) =>
        Effect.all([good.free(query), found(query.freeBy, query.now)]).pipe(
          Effect.map(([free, more]) =>
            [...free, ...more.filter((task) => isSameKind(task, query.kind))].slice(0, query.limit)
          )
        ),
      freeKinds: (query): Effect.Effect<ReadonlyArray<StoredKind>, TaskDriverError> =>
        Effect.all([good.freeKinds(query), found(query.freeBy, query.now)]).pipe(
          Effect.map(([kinds, more]) => [
            ...kinds,
            ...more.filter((task) => kinds.every((kind) => !isSameKind(kind, task))).slice(0, 1)
          ])
        )
    }
  })

const byUtf16 = (left: FreeTask, right: FreeTask): number => {
  const [a, b] = [left.sessionId ?? "", right.sessionId ?? ""]
  return a < b ? -1 : a > b ? 1 : 0
}

const listing = "claimableTasks, expired leases"
const claiming = "claimTasks"
const turns = "turns of sessions and kinds"
const ofKinds = "kinds of tasks"

/**
 * @since 0.2.0
 * @category drivers
 */
export const brokenFreeTasks: ReadonlyArray<BrokenDriver> = [
  {
    name: "lists no task that waits for a worker",
    subject: listing,
    checks: ["model"],
    breakDriver: telling((tasks) => tasks.filter(({ leaseExpiresAt }) => leaseExpiresAt !== 0))
  },
  {
    name: "lists tasks that wait for input as free",
    subject: listing,
    checks: ["model"],
    breakDriver: findingMore((task, freeBy) =>
      task.status === "input_required" && task.leaseExpiresAt !== null && isFree(task, freeBy)
    )
  },
  {
    name: "lists tasks as free that never had a lease",
    subject: listing,
    checks: ["model"],
    breakDriver: findingMore((task) => task.status === "working" && task.leaseExpiresAt === null)
  },
  {
    name: "lists leases that have a moment left",
    subject: listing,
    checks: ["model"],
    breakDriver: timing((query) => ({ ...query, freeBy: query.freeBy + 1 }))
  },
  {
    name: "lists free tasks that have expired",
    subject: listing,
    checks: ["model"],
    breakDriver: timing((query) => ({ ...query, now: everything.now }))
  },
  {
    name: "lists the last free task first",
    subject: listing,
    checks: ["model"],
    breakDriver: telling((tasks) => tasks.toReversed())
  },
  {
    name: "lists free tasks in the order of their ids",
    subject: listing,
    checks: ["model"],
    breakDriver: telling((tasks) => tasks.toSorted((left, right) => left.taskId < right.taskId ? -1 : 1))
  },
  {
    name: "ignores the limit of a list of free tasks",
    subject: claiming,
    checks: [],
    breakDriver: asking((query) => ({ ...query, limit: 10_000 }))
  },
  {
    name: "lists what was released alone",
    subject: listing,
    checks: ["model"],
    breakDriver: timing((query) => ({ ...query, freeBy: 0 }))
  },
  {
    name: "lists what was abandoned where only what was released is wanted",
    subject: claiming,
    checks: ["model"],
    breakDriver: timing((query) => ({ ...query, freeBy: query.now }))
  },
  {
    name: "finds tasks of any kind",
    subject: ofKinds,
    checks: ["model"],
    breakDriver: finding((good) => ({
      free: (query) =>
        Effect.flatMap(allKinds(good, query), (kinds) =>
          Effect.map(
            Effect.forEach(kinds, (kind) => good.free({ ...query, kind })),
            (tasks) => tasks.flat().slice(0, query.limit)
          ))
    }))
  },
  {
    name: "finds tasks of any name",
    subject: ofKinds,
    checks: ["model"],
    breakDriver: finding((good) => ({
      free: (query) =>
        Effect.flatMap(allKinds(good, query), (kinds) =>
          Effect.map(
            Effect.forEach(
              kinds.filter(({ originalMethod }) => originalMethod.text === query.kind.originalMethod.text),
              (kind) => good.free({ ...query, kind })
            ),
            (tasks) => tasks.flat().slice(0, query.limit)
          ))
    }))
  },
  {
    name: "finds no tasks without a name",
    subject: ofKinds,
    checks: ["model"],
    breakDriver: kinds((found) => found.filter(({ name }) => name !== null))
  },
  {
    name: "lists the last kind first",
    subject: "primitives",
    checks: ["model"],
    breakDriver: kinds((found) => found.toReversed())
  },
  {
    name: "lists a kind for each task",
    subject: "primitives",
    checks: [],
    breakDriver: kinds((found) => found.flatMap((kind) => [kind, kind]))
  },
  {
    name: "lists the kinds of tasks that are held",
    subject: "primitives",
    checks: [],
    breakDriver: finding((good) => ({
      freeKinds: (query) =>
        Effect.map(Effect.all([good.freeKinds(query), tasksIn(good, "working", query.now)]), ([free, working]) => [
          ...free,
          ...working.filter((task) => free.every((kind) => !isSameKind(kind, task)))
        ])
    }))
  },
  {
    name: "lists kinds that nobody has asked for",
    subject: "primitives",
    checks: ["model"],
    breakDriver: askingKinds((query) => ({ ...query, kinds: undefined }))
  },
  {
    name: "looks for the kinds that are meant among the first ones alone",
    subject: "primitives",
    checks: [],
    breakDriver: finding((good) => ({
      freeKinds: (query) =>
        Effect.map(
          good.freeKinds({ ...query, kinds: undefined }),
          (found) => found.filter((kind) => query.kinds?.some((some) => isOfKinds(kind, some)) ?? true)
        )
    }))
  },
  {
    name: "loses the last of the kinds that are meant",
    subject: ofKinds,
    checks: ["model"],
    breakDriver: askingKinds((query) => ({ ...query, kinds: query.kinds?.slice(0, -1) }))
  },
  {
    name: "finds tasks without a name alone where all names of a method are meant",
    subject: ofKinds,
    checks: ["model"],
    breakDriver: askingKinds((query) => ({
      ...query,
      kinds: query.kinds?.map((kinds) => ({ ...kinds, name: kinds.name ?? null }))
    }))
  },
  {
    name: "leaps over a kind that is meant behind one that is not",
    subject: ofKinds,
    checks: [],
    breakDriver: finding((good) => ({
      freeKinds: (query) =>
        Effect.map(
          Effect.all([good.freeKinds(query), allKinds(good, query)]),
          ([found, all]) =>
            found.filter((kind) => {
              const before = all[all.findIndex((other) => isSameKind(other, kind)) - 1]
              return before === undefined || found.some((other) => isSameKind(other, before)) ||
                query.kinds?.[0] === undefined || isOfKinds(kind, query.kinds[0])
            })
        )
    }))
  },
  {
    name: "begins with the first kind every time",
    subject: "primitives",
    checks: [],
    breakDriver: askingKinds((query) => ({ ...query, behind: undefined }))
  },
  {
    name: "lists the kind once more behind which it is to begin",
    subject: "primitives",
    checks: [],
    breakDriver: finding((good) => ({
      freeKinds: (query) =>
        Effect.map(Effect.all([good.freeKinds(query), allKinds(good, query)]), ([found, all]) => {
          const { behind } = query
          const again = behind === undefined ? [] : all.filter((kind) => isSameKind(kind, behind))
          return [...again, ...found].slice(0, query.limit)
        })
    }))
  },
  {
    name: "gives sessions no turns",
    subject: turns,
    checks: [],
    breakDriver: asking((query) => ({ ...query, perSession: Infinity }))
  },
  {
    name: "finds the first task of a session alone",
    subject: turns,
    checks: ["model"],
    breakDriver: asking((query) => ({ ...query, perSession: 1 }))
  },
  {
    name: "ignores which sessions are excepted",
    subject: turns,
    checks: ["model"],
    breakDriver: asking((query) => ({ ...query, except: [] }))
  },
  {
    name: "takes tasks that are bound to no session for excepted ones",
    subject: turns,
    checks: ["model"],
    breakDriver: telling((tasks, { except }) =>
      except.length === 0 ? tasks : tasks.filter(({ sessionId }) => sessionId !== null)
    )
  },
  {
    name: "begins with the first session every time",
    subject: turns,
    checks: ["model"],
    breakDriver: asking((query) => ({ ...query, behind: undefined }))
  },
  {
    name: "begins with the tasks of no session when it should begin behind them",
    subject: turns,
    checks: ["model"],
    breakDriver: asking((query) => query.behind === "" ? { ...query, behind: undefined } : query)
  },
  {
    name: "orders sessions as JavaScript does",
    subject: turns,
    checks: ["model"],
    breakDriver: telling((tasks) => tasks.toSorted(byUtf16))
  },
  {
    name: "begins behind a session in the order of JavaScript",
    subject: turns,
    checks: ["model"],
    breakDriver: finding((good) => ({
      free: (query) =>
        Effect.map(
          good.free({ ...query, behind: undefined, limit: 10_000 }),
          (tasks) => tasks.filter(({ sessionId }) => (sessionId ?? "") > (query.behind ?? "")).slice(0, query.limit)
        )
    }))
  },
  {
    name: "gives a task to every caller that takes tasks at the same time",
    subject: claiming,
    checks: ["linearizability"],
    breakDriver: taking((patch, { attempt }) => ({ ...patch, attempt: attempt + 1 }))
  },
  {
    name: "does not count the claims of tasks that are taken together",
    subject: claiming,
    checks: ["model", "linearizability"],
    breakDriver: taking((patch) => patch)
  },
  {
    name: "does not tell what the lease of a taken task was",
    subject: claiming,
    checks: ["model", "linearizability"],
    breakDriver: (good) => ({
      ...good,
      take: (query, patch) =>
        Effect.map(
          good.take?.(query, patch) ?? Effect.succeed([]),
          (taken) => taken.map(({ task }) => ({ task, before: task }))
        )
    })
  },
  {
    name: "finds tasks before their delay is over",
    subject: "delays",
    checks: ["model"],
    breakDriver: findingMore((task, freeBy) =>
      task.status === "working" && task.dueAt !== null && task.dueAt === task.leaseExpiresAt && task.dueAt > freeBy
    )
  },
  {
    name: "takes delayed tasks for abandoned ones",
    subject: "delays",
    checks: [],
    breakDriver: (good) => ({
      ...good,
      patch: (taskId, scope, { leaseExpiredBy, ...guard }, patch, answer) =>
        good.patch(
          taskId,
          scope,
          leaseExpiredBy === undefined ? guard : { ...guard, freeSince: leaseExpiredBy },
          patch,
          answer
        ),
      abandoned: (query) =>
        Effect.map(
          tasksIn(good, "working", query.now),
          (tasks) => tasks.filter((task) => (task.leaseExpiresAt ?? 0) > 0 && isFree(task, query.expiredBy))
        )
    })
  }
]
