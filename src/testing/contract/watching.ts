/**
 * What `changes` and `awaitTask` promise, whichever process writes.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { equal, equalRecord, eventually, holds, refused } from "./check.ts"
import { contractCase, type ContractGroup, type World } from "./ContractCase.ts"
import { createIn, mustGet, success, terminalStatuses } from "./fixtures.ts"

/** Watches a task in the background; `seen` fills while it does. */
const watch = Effect.fnUntraced(function*(tasks: World["first"], taskId: string) {
  const seen: Array<TaskRecord> = []
  const fiber = yield* Effect.forkScoped(
    Stream.runForEach(tasks.changes(taskId), (record) => Effect.sync(() => seen.push(record)))
  )
  return { fiber, seen }
})

/** The handle that writes, seen from the one that waits. */
const writers = ["first", "second"] as const

/**
 * @since 0.1.0
 * @category suite
 */
export const watchingGroup: ContractGroup = {
  subject: "changes, awaitTask",
  cases: [
    ...terminalStatuses.map((status) =>
      contractCase(`end at once for a task that is ${status}`, function*({ first }) {
        const created = yield* createIn(first, "one", status)
        yield* equalRecord("awaitTask", yield* first.awaitTask("one"), created)
        const seen = yield* Stream.runCollect(first.changes("one"))
        yield* equal("records", seen.length, 1)
        yield* equalRecord("the record", seen[0], created)
      })
    ),

    ...writers.map((writer) =>
      contractCase(`show what the ${writer} handle writes, in order, up to the end`, function*(world) {
        yield* createIn(world.first, "one", "working")
        const { fiber, seen } = yield* watch(world.first, "one")
        yield* eventually("the present record is shown", Effect.sync(() => seen.length > 0))
        yield* world[writer].touchTask("one", { statusMessage: "half" })
        yield* eventually("the write is shown", Effect.sync(() => seen.at(-1)?.statusMessage === "half"))
        yield* world[writer].requireInput("one", { a: 1 })
        yield* eventually("the request is shown", Effect.sync(() => seen.at(-1)?.status === "input_required"))
        yield* world[writer].provideInput("one", { a: 1 })
        yield* world[writer].touchTask("one")
        const settled = yield* world[writer].settleTask("one", success)
        yield* Fiber.join(fiber)
        yield* equal("the first revision", seen[0]?.revision, 1)
        yield* equalRecord("the last record", seen.at(-1), settled)
        const ascending = seen.every((record, index) =>
          index === 0 || record.revision > (seen[index - 1]?.revision ?? 0)
        )
        yield* holds("revisions only go up", ascending)
        yield* equal("records that ended", seen.filter(({ status }) => status === "completed").length, 1)
      })
    ),

    ...writers.map((writer) =>
      contractCase(`awaitTask waits for the end that the ${writer} handle writes`, function*(world) {
        yield* createIn(world.first, "one", "working")
        const waiting = yield* Effect.forkScoped(world.first.awaitTask("one"))
        yield* Effect.sleep("20 millis")
        yield* world[writer].touchTask("one")
        yield* Effect.sleep("20 millis")
        yield* holds("it waits while the task goes on", waiting.pollUnsafe() === undefined)
        const settled = yield* world[writer].settleTask("one", success)
        yield* equalRecord("the record", yield* Fiber.join(waiting), settled)
      })
    ),

    contractCase("wake for every operation that ends a task", function*({ clock, first, second }) {
      const ends = [
        (taskId: string) => second.updateTaskStatus(taskId, "cancelled"),
        (taskId: string) => second.settleTask(taskId, success),
        (taskId: string) =>
          Effect.flatMap(mustGet(second, taskId), (record) => second.updateTask({ ...record, status: "failed" })),
        () => Effect.andThen(clock.advance(1_000), second.recoverStuckTasks(500))
      ]
      for (const [index, end] of ends.entries()) {
        const taskId = `task-${index}`
        yield* createIn(first, taskId, "working")
        const here = yield* Effect.forkScoped(second.awaitTask(taskId))
        const there = yield* Effect.forkScoped(first.awaitTask(taskId))
        yield* Effect.sleep("10 millis")
        yield* end(taskId)
        yield* equalRecord("in both processes", yield* Fiber.join(there), yield* Fiber.join(here))
      }
    }),

    contractCase("wake many waiters of many tasks", function*({ first, second }) {
      const ids = Array.from({ length: 20 }, (_, index) => `task-${index}`)
      for (const taskId of ids) yield* createIn(first, taskId, "working")
      const waiting = yield* Effect.forEach(ids, (taskId) => Effect.forkScoped(first.awaitTask(taskId)))
      yield* Effect.sleep("10 millis")
      yield* Effect.forEach(ids, (taskId) => second.settleTask(taskId, success), { concurrency: "unbounded" })
      const records = yield* Effect.forEach(waiting, Fiber.join)
      yield* equal("the tasks", records.map(({ taskId }) => taskId), ids)
    }),

    contractCase("fail for a task that is not there", function*({ first }) {
      const missing = { _tag: "TaskNotFound", taskId: "none" } as const
      yield* refused("awaitTask", first.awaitTask("none"), missing)
      yield* refused("changes", Stream.runDrain(first.changes("none")), missing)
    }),

    contractCase("fail when the task is deleted while they wait", function*({ first, second }) {
      yield* createIn(first, "one", "working")
      const { fiber, seen } = yield* watch(first, "one")
      const waiting = yield* Effect.forkScoped(first.awaitTask("one"))
      yield* eventually("the present record is shown", Effect.sync(() => seen.length > 0))
      yield* second.deleteTask("one")
      const missing = { _tag: "TaskNotFound", taskId: "one" } as const
      yield* refused("changes", Fiber.join(fiber), missing)
      yield* refused("awaitTask", Fiber.join(waiting), missing)
    }),

    contractCase("take no later task of the same id for the one they watch", function*({ first, second }) {
      for (const [writer, ends] of [[first, true], [second, true], [first, false], [second, false]] as const) {
        yield* createIn(first, "one", "working")
        const waiting = yield* Effect.forkScoped(first.awaitTask("one"))
        const { fiber, seen } = yield* watch(first, "one")
        yield* eventually("the present record is shown", Effect.sync(() => seen.length > 0))
        // The other one began first, and may have to wait for a connection. It shows nothing when it has read the task.
        yield* Effect.sleep("50 millis")
        yield* Effect.forEach(Array.from({ length: 10 }), () => first.getTask("one"))
        yield* writer.deleteTask("one")
        yield* createIn(writer, "one", "working")
        if (ends) yield* writer.settleTask("one", success)
        const missing = { _tag: "TaskNotFound", taskId: "one" } as const
        yield* refused("changes", Fiber.join(fiber), missing)
        yield* refused("awaitTask", Fiber.join(waiting), missing)
        yield* first.deleteTask("one")
      }
    }),

    contractCase(
      "fail when the task expires while they wait, though nobody writes or sweeps",
      function*({ clock, first }) {
        yield* createIn(first, "one", "working", { ttl: 600_000 })
        const { fiber, seen } = yield* watch(first, "one")
        yield* eventually("the present record is shown", Effect.sync(() => seen.length > 0))
        yield* clock.advance(599_999)
        yield* Effect.sleep("10 millis")
        yield* holds("it waits up to the last millisecond", fiber.pollUnsafe() === undefined)
        yield* clock.advance(1)
        yield* refused("changes", Fiber.join(fiber), { _tag: "TaskNotFound", taskId: "one" })
      }
    ),

    contractCase("miss no end, however close it comes to their start", function*({ first, second }) {
      for (let round = 0; round < 20; round++) {
        const taskId = `task-${round}`
        yield* createIn(first, taskId, "working")
        const [record] = yield* Effect.all(
          [
            first.awaitTask(taskId),
            Effect.andThen(
              Effect.forEach(Array.from({ length: round % 7 }), () => Effect.yieldNow),
              second.settleTask(taskId, success)
            )
          ],
          { concurrency: "unbounded" }
        )
        yield* equal("the status", record.status, "completed")
      }
    }),

    contractCase("can be given up, and started again", function*({ first, second }) {
      yield* createIn(first, "one", "working")
      const waiting = yield* Effect.forkScoped(first.awaitTask("one"))
      yield* Effect.sleep("10 millis")
      yield* Fiber.interrupt(waiting)
      const again = yield* Effect.forkScoped(first.awaitTask("one"))
      yield* second.settleTask("one", success)
      yield* equal("the status", (yield* Fiber.join(again)).status, "completed")
    }),

    contractCase("work in a session", function*({ first, second }) {
      yield* first.forSession("s").createTask({ originalMethod: "tools/call", taskId: "one" })
      const waiting = yield* Effect.forkScoped(first.forSession("s").awaitTask("one"))
      yield* Effect.sleep("10 millis")
      yield* second.forSession("s").settleTask("one", success)
      yield* equal("the status", (yield* Fiber.join(waiting)).status, "completed")
    })
  ]
}
