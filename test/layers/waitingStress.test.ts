/**
 * Random writes of two storages whose tasks wait for seats. Never are more begun than there are seats, in all and of a session. A look leaves
 * no free task for which there is a seat. Each task begins once under each attempt, and in the end all of them end.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { TaskStorageShape } from "../../src/domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../src/domain/task/TaskError.ts"
import type { TaskSummary } from "../../src/domain/task/TaskRecord.ts"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { type Backend, backends } from "../admin/backends.ts"

const success = { _tag: "Success", value: null } as const

/** Those of two sessions never take all seats. */
const limits = { maxActive: 5, maxActivePerSession: 2 }

const sessions = [undefined, "a", "b", "c"]

/** What is known of the tasks that this test has begun, by their latest attempt. */
interface World {
  readonly storages: readonly [TaskStorageShape, TaskStorageShape]
  readonly worker: string
  readonly begun: Set<string>
  readonly ids: Array<string>
  count: number
}

const openWorld = Effect.fnUntraced(function*({ freshStore }: Backend) {
  const { openDriver } = yield* freshStore
  const open = Effect.flatMap(
    openDriver({}),
    (driver) => TaskStorage.fromDriver(driver, { maintenance: false, whenMaxActive: "wait", ...limits })
  )
  const storages = [yield* open, yield* open] as const
  const { workerId } = yield* storages[0].registerWorker({ lease: "1 hour" })
  const world: World = { storages, worker: workerId, begun: new Set(), ids: [], count: 0 }
  return world
})

const pick = <A>(items: ReadonlyArray<A>) => Effect.map(Random.nextIntBetween(0, items.length - 1), (at) => items[at])

/** Notes a begin, of which there is one for each attempt. */
const note = ({ begun }: World, taskId: string, attempt: number | undefined) => {
  const key = `${taskId} ${attempt}`
  assert.isFalse(begun.has(key), `${key} began twice`)
  begun.add(key)
}

/** One write, or a few: each may be refused. */
const step = (world: World): Effect.Effect<void> =>
  Effect.gen(function*() {
    const storage = (yield* pick(world.storages)) ?? world.storages[0]
    const { ids, worker } = world
    const taskId = (yield* pick(ids)) ?? "none"
    const hold = yield* pick(
      [{}, { lease: 0 }, { lease: 0 }, { lease: 0 }, { worker }, { lease: "1 hour" }, { delay: 1 }] as const
    )
    const ways: ReadonlyArray<Effect.Effect<unknown, TaskStorageError>> = [
      ...Array.from({ length: 5 }, () =>
        Effect.gen(function*() {
          const id = `task ${world.count++}`
          const sessionId = yield* pick(sessions)
          const record = yield* storage.createTask({ originalMethod: "m", taskId: id, sessionId, ...hold })
          ids.push(id)
          if (record.attempt !== undefined) note(world, id, record.attempt)
        })),
      ...Array.from({ length: 3 }, () =>
        Effect.map(storage.claimTasks({ worker, limit: 2 }), (claimed) => {
          for (const { record } of claimed) note(world, record.taskId, record.attempt)
        })),
      Effect.map(storage.claimTask(taskId, { lease: "1 hour" }), ({ record }) => note(world, taskId, record.attempt)),
      storage.settleTask(taskId, success),
      storage.settleTask(taskId, success),
      storage.updateTaskStatus(taskId, "cancelled"),
      storage.deleteTask(taskId),
      storage.touchTask(taskId, { lease: 0 }),
      storage.touchTask(taskId, { delay: 1 }),
      storage.touchTask(taskId, { ttl: 1 }),
      Effect.andThen(storage.requireInput(taskId, { [`q${world.count++}`]: 1 }, { lease: 0 }), Effect.void),
      Effect.andThen(storage.getTask(taskId), (found) =>
        found._tag === "Some"
          ? storage.provideInput(
            taskId,
            Object.fromEntries(Object.keys(found.value.inputRequests ?? {}).map((key) => [key, 1]))
          )
          : Effect.void),
      storage.rerunTask(taskId, { again: true, taskId: `task ${world.count++}` }),
      storage.expireTasks()
    ]
    yield* Effect.ignore((yield* pick(ways)) ?? Effect.void)
  })

/** All tasks that have not ended. */
const activeTasks = Effect.fnUntraced(function*(storage: TaskStorageShape) {
  yield* storage.expireTasks()
  const { tasks } = yield* storage.listTaskSummaries({ status: ["working", "input_required"], limit: 1000 })
  return tasks
})

const countBy = (tasks: ReadonlyArray<TaskSummary>, session: string | undefined) =>
  tasks.filter(({ sessionId }) => session === undefined || sessionId === session).length

/** Gives which of the tasks could begin. */
const check = (tasks: ReadonlyArray<TaskSummary>) => {
  const begun = tasks.filter(({ attempt }) => attempt !== undefined)
  assert.isAtMost(begun.length, limits.maxActive)
  for (const session of ["a", "b", "c"]) assert.isAtMost(countBy(begun, session), limits.maxActivePerSession)
  const now = Date.now()
  return tasks.filter(({ attempt, leaseExpiresAt, sessionId, status }) => {
    const isFree = status === "working" && leaseExpiresAt !== undefined && leaseExpiresAt.epochMilliseconds <= now - 20
    const isFull = begun.length >= limits.maxActive ||
      (sessionId !== undefined && countBy(begun, sessionId) >= limits.maxActivePerSession)
    return isFree && (attempt !== undefined || !isFull)
  })
}

const requireCounted = (storage: TaskStorageShape) =>
  Effect.map(
    storage.inspectStore({ deep: true }),
    ({ findings }) => assert.deepStrictEqual(findings.filter(({ code }) => code === "counters"), [])
  )

/** Ends everything, look by look. */
const drain = Effect.fnUntraced(function*(world: World) {
  const [first, second] = world.storages
  for (let look = 0; look < 100; look++) {
    const tasks = yield* activeTasks(first)
    if (tasks.length === 0) return
    check(tasks)
    for (const { attempt, status, taskId } of tasks) {
      if (attempt !== undefined || status === "input_required") {
        yield* Effect.ignore(second.updateTaskStatus(taskId, "cancelled"))
      }
    }
    for (const { record } of yield* second.claimTasks({ worker: world.worker })) {
      note(world, record.taskId, record.attempt)
      // The ttl of a task may be over in between: some have one of a millisecond.
      yield* Effect.catchTag(
        first.settleTask(record.taskId, success, { attempt: record.attempt }),
        "TaskNotFound",
        () => Effect.void
      )
    }
    yield* Effect.sleep(2)
  }
  assert.fail("tasks are left that never begin")
})

for (const backend of backends) {
  backend.describe(`random writes where tasks wait, ${backend.name}`, () => {
    const seeds = backend.name === "memory" ? 10 : backend.name === "sqlite" ? 4 : 2
    it.live.each(Array.from({ length: seeds }, (_, seed) => `seed ${seed}`))(
      "one after the other, %s",
      (seed) =>
        Effect.gen(function*() {
          const world = yield* openWorld(backend)
          for (let round = 0; round < 6; round++) {
            for (let count = 0; count < 12; count++) yield* step(world)
            check(yield* activeTasks(world.storages[0]))
            yield* Effect.sleep(25)
            for (const { record } of yield* world.storages[1].claimTasks({ worker: world.worker, limit: 100 })) {
              note(world, record.taskId, record.attempt)
            }
            const left = check(yield* activeTasks(world.storages[0]))
            assert.deepStrictEqual(left.map(({ taskId }) => taskId), [])
          }
          yield* drain(world)
          yield* requireCounted(world.storages[0])
        }).pipe(Random.withSeed(seed))
    )

    it.live.each(Array.from({ length: seeds }, (_, seed) => `seed ${seed}`))(
      "side by side, %s",
      (seed) =>
        Effect.gen(function*() {
          const world = yield* openWorld(backend)
          for (let round = 0; round < 4; round++) {
            yield* Effect.forEach(Array.from({ length: 6 }), () => Effect.repeat(step(world), { times: 4 }), {
              concurrency: "unbounded",
              discard: true
            })
            check(yield* activeTasks(world.storages[0]))
          }
          yield* drain(world)
          yield* requireCounted(world.storages[0])
        }).pipe(Random.withSeed(seed))
    )
  })
}
