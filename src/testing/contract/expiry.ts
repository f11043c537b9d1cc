/**
 * What expiry promises: from the very millisecond `createdAt + ttl`, swept or not, a task is absent everywhere.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import { equal, equalRecord, hasFields, holds, refused } from "./check.ts"
import { type ContractCase, contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, moreThanOneStep, mustGet, success, tool } from "./fixtures.ts"

/** Ends within the second in which the suite's clock starts, so that an engine that counts seconds shows. */
const ttl = 100

const writes: ReadonlyArray<{
  readonly name: string
  readonly write: (tasks: TaskStorageShape) => Effect.Effect<unknown, TaskStorageError>
}> = [
  { name: "updateTaskStatus", write: (tasks) => tasks.updateTaskStatus("one", "failed") },
  { name: "storeTaskResult", write: (tasks) => tasks.storeTaskResult("one", success) },
  { name: "settleTask", write: (tasks) => tasks.settleTask("one", success) },
  { name: "touchTask", write: (tasks) => tasks.touchTask("one", { ttl: 1_000_000 }) },
  { name: "requireInput", write: (tasks) => tasks.requireInput("one", { b: 1 }) },
  { name: "provideInput", write: (tasks) => tasks.provideInput("one", { a: 1 }) },
  { name: "getTaskResult", write: (tasks) => tasks.getTaskResult("one") },
  { name: "awaitTask", write: (tasks) => tasks.awaitTask("one") },
  { name: "changes", write: (tasks) => Stream.runDrain(tasks.changes("one")) }
]

const lastMillisecond: ReadonlyArray<ContractCase> = writes
  .filter(({ name }) => name !== "awaitTask" && name !== "changes")
  .map(({ name, write }) =>
    contractCase(`${name} reaches a task in its last millisecond`, function*({ clock, first, second }) {
      yield* createIn(first, "one", "input_required", { inputRequests: { a: 1 }, ttl })
      yield* clock.advance(ttl - 1)
      yield* write(second)
    })
  )

/**
 * @since 0.1.0
 * @category suite
 */
export const expiryGroup: ContractGroup = {
  subject: "expiry",
  cases: [
    ...lastMillisecond,

    ...writes.map(({ name, write }) =>
      contractCase(`${name} finds no expired task`, function*({ clock, first, second }) {
        yield* createIn(first, "one", "input_required", { inputRequests: { a: 1 }, ttl })
        yield* clock.advance(ttl)
        yield* refused(name, write(second), { _tag: "TaskNotFound", taskId: "one" })
        yield* equal("the task afterwards", Option.isNone(yield* first.getTask("one")), true)
      })
    ),

    contractCase("updateTask finds no expired task", function*({ clock, first }) {
      const created = yield* createIn(first, "one", "working", { ttl })
      yield* clock.advance(ttl)
      yield* refused("updateTask", first.updateTask({ ...created, ttl: null }), {
        _tag: "TaskNotFound",
        taskId: "one"
      })
    }),

    contractCase(
      "getTask, lists and counts show a task up to its last millisecond",
      function*({ clock, first, second }) {
        yield* createIn(first, "one", "working", { sessionId: "s", ttl })
        yield* createIn(first, "two", "working", { sessionId: "s" })
        const look = Effect.gen(function*() {
          const session = second.forSession("s")
          return [
            Option.isSome(yield* second.getTask("one")),
            Option.isSome(yield* second.getTaskSummary("one")),
            (yield* second.listTasks()).tasks.length,
            (yield* second.listTaskSummaries()).tasks.length,
            (yield* second.listTaskSummaries({ status: "working" })).tasks.length,
            (yield* second.listTasksForSession("s")).tasks.length,
            (yield* session.listTaskSummaries({ status: "working" })).tasks.length,
            yield* second.taskCount(),
            yield* session.taskCount()
          ]
        })
        yield* clock.advance(ttl - 1)
        yield* equal("before", yield* look, [true, true, 2, 2, 2, 2, 2, 2, 2])
        yield* clock.advance(1)
        yield* equal("after", yield* look, [false, false, 1, 1, 1, 1, 1, 1, 1])
      }
    ),

    contractCase("a page has no cursor when only expired tasks follow", function*({ clock, first }) {
      yield* createIn(first, "a", "working")
      yield* createIn(first, "b", "working", { ttl })
      yield* clock.advance(ttl)
      for (const list of [first.listTasks, first.listTaskSummaries]) {
        yield* equal("a cursor", (yield* list({ limit: 1 })).nextCursor, undefined)
      }
    }),

    contractCase("deleteTask tells that an expired task was not there", function*({ clock, first }) {
      yield* createIn(first, "one", "working", { ttl })
      yield* clock.advance(ttl)
      yield* equal("deleted", yield* first.deleteTask("one"), false)
    }),

    contractCase("creating an expired id again replaces the task whole", function*({ clock, first, second }) {
      yield* createIn(first, "one", "input_required", {
        inputRequests: { a: 1 },
        meta: { old: 1 },
        sessionId: "s",
        ttl
      })
      yield* clock.advance(ttl - 1)
      yield* refused("a millisecond early", second.createTask({ ...tool, taskId: "one" }), {
        _tag: "TaskAlreadyExists",
        taskId: "one"
      })
      yield* clock.advance(1)
      const created = yield* second.createTask({ ...tool, taskId: "one" })
      yield* hasFields("the new task", created, { meta: undefined, revision: 1, sessionId: undefined, ttl: null })
      yield* equalRecord("as it is read", yield* mustGet(first, "one"), created)
      yield* equal("tasks of the old session", (yield* first.listTasksForSession("s")).tasks.length, 0)
      yield* equal("tasks", (yield* first.listTasks()).tasks.length, 1)
      yield* equal("what the sweep removes", yield* first.expireTasks(), [])
    }),

    contractCase("touchTask extends a ttl, from creation on", function*({ clock, first }) {
      yield* createIn(first, "one", "working", { ttl })
      yield* clock.advance(ttl - 1)
      yield* first.touchTask("one", { ttl: 2 * ttl })
      yield* clock.advance(ttl)
      yield* equal("a millisecond before", Option.isSome(yield* first.getTask("one")), true)
      yield* equal("nothing to sweep", yield* first.expireTasks(), [])
      yield* clock.advance(1)
      yield* equal("then", Option.isSome(yield* first.getTask("one")), false)
      yield* equal("the sweep", yield* first.expireTasks(), ["one"])
    }),

    contractCase("a ttl made unlimited never ends", function*({ clock, first }) {
      yield* createIn(first, "one", "working", { ttl })
      yield* first.touchTask("one", { ttl: null })
      yield* clock.advance(1_000 * ttl)
      yield* equal("nothing to sweep", yield* first.expireTasks(), [])
      yield* hasFields("the task", yield* mustGet(first, "one"), { ttl: null })
    }),

    contractCase("a ttl of thirty days lasts thirty days, a settled task's too", function*({ clock, first }) {
      const days = 30 * 24 * 60 * 60 * 1_000
      yield* createIn(first, "one", "working", { ttl: "30 days" })
      yield* clock.advance(days - 1)
      yield* first.settleTask("one", success)
      yield* equal("the last millisecond", Option.isSome(yield* first.getTask("one")), true)
      yield* clock.advance(1)
      yield* equal("then", Option.isSome(yield* first.getTask("one")), false)
    }),

    contractCase("a task created in the past expires from its creation", function*({ clock, first }) {
      const createdAt = DateTime.makeUnsafe(clock.currentTimeMillisUnsafe() - 60)
      yield* first.createTask({ ...tool, createdAt, taskId: "one", ttl })
      yield* clock.advance(39)
      yield* equal("the last millisecond", Option.isSome(yield* first.getTask("one")), true)
      yield* clock.advance(1)
      yield* equal("then", Option.isSome(yield* first.getTask("one")), false)
    }),

    contractCase("a longer or unlimited ttl is shortened to maxTtl by every write", function*({ first }) {
      for (const given of [1_001, null, undefined]) {
        yield* hasFields("created", yield* first.createTask({ ...tool, ttl: given }), { ttl: 1_000 })
      }
      const kept = yield* first.createTask({ ...tool, taskId: "one", ttl: 999 })
      yield* hasFields("created", kept, { ttl: 999 })
      yield* hasFields("touched", yield* first.touchTask("one", { ttl: null }), { ttl: 1_000 })
      yield* hasFields("touched", yield* first.touchTask("one", { ttl: 500 }), { ttl: 500 })
      yield* hasFields("touched", yield* first.touchTask("one", { ttl: "1 day" }), { ttl: 1_000 })
      const read = yield* mustGet(first, "one")
      yield* hasFields("replaced", yield* first.updateTask({ ...read, ttl: null }), { ttl: 1_000 })
    }, { maxTtl: "1 second" }),

    contractCase("a default ttl over maxTtl is shortened too", function*({ first }) {
      yield* hasFields("created", yield* first.createTask(tool), { ttl: 1_000 })
    }, { defaultTtl: "1 hour", maxTtl: "1 second" }),

    contractCase(
      "expireTasks removes what expired, up to its limit, and nothing else",
      function*({ clock, first, second }) {
        for (let index = 0; index < 7; index++) yield* createIn(first, `gone-${index}`, "working", { ttl })
        yield* createIn(first, "longer", "completed", { ttl: ttl + 1 })
        yield* createIn(first, "unlimited", "working")
        yield* clock.advance(ttl - 1)
        yield* equal("a millisecond early", yield* first.expireTasks(), [])
        yield* clock.advance(1)
        const removed = new Set<string>()
        for (const expected of [3, 3, 1, 0]) {
          const ids = yield* second.expireTasks({ limit: 3 })
          yield* equal("removed", ids.length, expected)
          for (const id of ids) removed.add(id)
        }
        yield* equal("all removed", [...removed].sort(), Array.from({ length: 7 }, (_, index) => `gone-${index}`))
        const left = (yield* first.listTasks()).tasks.map(({ taskId }) => taskId)
        yield* equal("left", left, ["longer", "unlimited"])
      }
    ),

    contractCase(
      "expireTasks removes each task for one of several concurrent callers",
      function*({ clock, first, second }) {
        const ids = Array.from({ length: 30 }, (_, index) => `task-${String(index).padStart(2, "0")}`)
        for (const taskId of ids) yield* createIn(first, taskId, "working", { ttl })
        yield* clock.advance(ttl)
        const removed = yield* Effect.all([first.expireTasks(), second.expireTasks()], { concurrency: "unbounded" })
        yield* equal("removed", removed.flat().sort(), ids)
      }
    ),

    contractCase("expireTasks works through more tasks than a batch holds", function*({ clock, first }) {
      for (let index = 0; index < moreThanOneStep; index++) yield* createIn(first, `task-${index}`, "working", { ttl })
      yield* clock.advance(ttl)
      const removed = yield* first.expireTasks()
      yield* equal("removed", new Set(removed).size, moreThanOneStep)
      yield* holds("each is told once", removed.length === moreThanOneStep)
    })
  ]
}
