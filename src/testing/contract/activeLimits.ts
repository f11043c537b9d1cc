/**
 * What limits of active tasks promise: never overrun, and a seat that is free again exactly once, however its task ends.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import { createAtOnce } from "./atOnce.ts"
import { equal, hasFields, holds, type Mismatch, refused } from "./check.ts"
import { contractCase, type ContractGroup, type World } from "./ContractCase.ts"
import { createIn, failure, mustGet, register, success, tool } from "./fixtures.ts"

const full = { _tag: "MaxTasksReached", scope: "active" } as const
const fullSession = { _tag: "MaxTasksReached", scope: "activePerSession" } as const

/** Every way in which a task ends or goes, of a task that is bound to the session `s` and lives for 1000 milliseconds. */
const waysToEnd: ReadonlyArray<
  readonly [
    way: string,
    end: (world: World, taskId: string) => Effect.Effect<unknown, TaskStorageError | Mismatch>
  ]
> = [
  ["settleTask", ({ second }, id) => second.settleTask(id, success)],
  ["settleTask with an error", ({ second }, id) => second.settleTask(id, failure)],
  ["settleTask for the summary", ({ first }, id) => first.withSummary.settleTask(id, success)],
  ["settleTask with a ttl of its own", ({ first }, id) => first.settleTask(id, success, { resultTtl: 500 })],
  ["updateTaskStatus to completed", ({ first }, id) => first.updateTaskStatus(id, "completed")],
  ["updateTaskStatus to cancelled", ({ second }, id) => second.forSession("s").updateTaskStatus(id, "cancelled")],
  [
    "an outcome, and then its status",
    ({ first, second }, id) =>
      Effect.andThen(first.storeTaskResult(id, success), second.updateTaskStatus(id, "completed"))
  ],
  [
    "updateTask",
    ({ first }, id) => Effect.flatMap(mustGet(first, id), (record) => first.updateTask({ ...record, status: "failed" }))
  ],
  [
    "the end of a task that waits for input",
    ({ first }, id) => Effect.andThen(first.requireInput(id, { a: 1 }), first.updateTaskStatus(id, "cancelled"))
  ],
  [
    "the end of a task that was released",
    ({ first }, id) => Effect.andThen(first.touchTask(id, { lease: 0 }), first.settleTask(id, success))
  ],
  ["recoverStuckTasks", ({ clock, first }) => Effect.andThen(clock.advance(10), first.recoverStuckTasks(5))],
  ["deleteTask", ({ second }, id) => second.deleteTask(id)],
  ["expiry", ({ clock, first }) => Effect.andThen(clock.advance(1000), first.expireTasks())],
  ["expiry, and a task of the same id that ends", ({ clock, first }, id) =>
    Effect.andThen(
      clock.advance(1000),
      Effect.andThen(createIn(first, id, "working", { sessionId: "s" }), first.settleTask(id, success))
    )]
]

/** Lets both handles create and end tasks side by side, and gives the most that were ever active at once. */
const race = Effect.fnUntraced(function*(
  { first, second }: Pick<World, "first" | "second">,
  create: (storage: TaskStorageShape, lane: number) => ReturnType<TaskStorageShape["createTask"]>
) {
  let [active, most] = [0, 0]
  yield* Effect.forEach(
    Array.from({ length: 12 }, (_, lane) => lane),
    Effect.fnUntraced(function*(lane) {
      const [one, other] = lane % 2 === 0 ? [first, second] : [second, first]
      for (let round = 0; round < 4; round++) {
        const created = yield* Effect.result(create(one, lane))
        if (created._tag === "Failure") continue
        most = Math.max(most, ++active)
        yield* Effect.yieldNow
        active--
        // Two who end it free one seat.
        const { taskId } = created.success
        yield* Effect.all(
          [Effect.exit(one.settleTask(taskId, success)), Effect.exit(other.updateTaskStatus(taskId, "cancelled"))],
          { concurrency: "unbounded" }
        )
        if (round % 2 === 0) yield* other.deleteTask(taskId)
      }
    }),
    { concurrency: "unbounded", discard: true }
  )
  return most
})

/**
 * @since 0.2.0
 * @category suite
 */
export const activeLimitsGroup: ContractGroup = {
  subject: "limits of active tasks",
  cases: [
    contractCase("maxActive is exact under concurrency", function*(world) {
      const { first, second } = world
      const results = yield* createAtOnce(world, 24)
      yield* equal("created", results.filter(({ _tag }) => _tag === "Success").length, 10)
      yield* equal("stored", yield* first.taskCount(), 10)
      yield* refused("one more", second.createTask(tool), { ...full, limit: 10 })
    }, { maxActive: 10 }),

    contractCase("maxActivePerSession is exact, and for each session by itself", function*(world) {
      const { first, second } = world
      yield* Effect.all(["s", "t"].map((session) => createAtOnce(world, 10, session)), { concurrency: "unbounded" })
      yield* equal("of s", yield* first.forSession("s").taskCount(), 3)
      yield* equal("of t", yield* first.forSession("t").taskCount(), 3)
      yield* refused("one more", first.createTask({ ...tool, sessionId: "s" }), { ...fullSession, limit: 3 })
      for (let index = 0; index < 5; index++) yield* first.createTask(tool)
      const [ending] = (yield* first.listTasksForSession("s")).tasks
      yield* second.settleTask(ending?.taskId ?? "", success)
      yield* first.forSession("s").createTask(tool)
      yield* refused("one more of s", second.forSession("s").createTask(tool), fullSession)
      yield* refused("one more of t", second.forSession("t").createTask(tool), fullSession)
    }, { maxActivePerSession: 3 }),

    ...waysToEnd.map(([way, end]) =>
      contractCase(`a seat is free again once: ${way}`, function*(world) {
        const { first, second } = world
        yield* createIn(first, "other", "working", { worker: yield* register(first) })
        yield* createIn(second, "one", "working", { sessionId: "s", ttl: 1000 })
        yield* refused("a third", first.createTask(tool), { ...full, limit: 2 })
        yield* end(world, "one")
        yield* createIn(first, "two", "working", { sessionId: "s" })
        yield* refused("another one afterwards", second.createTask(tool), full)
        // What has ended has no seat that could be freed again.
        yield* first.deleteTask("one")
        yield* refused("another one in the end", second.createTask(tool), full)
        yield* refused("and for the other process", first.createTask(tool), full)
        yield* second.settleTask("two", success)
        yield* createIn(first, "three", "working", { sessionId: "s" })
        yield* refused("and one more", second.createTask({ ...tool, sessionId: "s" }), full)
      }, { maxActive: 2, maxActivePerSession: 1 })
    ),

    contractCase("creations and ends side by side lose no seat and find none", function*(world) {
      const most = yield* race(world, (storage) => storage.createTask(tool))
      yield* holds(`at most 3 are active at once, not ${most}`, most <= 3)
      for (let index = 0; index < 3; index++) yield* world.first.createTask(tool)
      yield* refused("one more", world.second.createTask(tool), { ...full, limit: 3 })
    }, { maxActive: 3 }),

    contractCase("nor do those of two sessions", function*(world) {
      const most = yield* race(
        world,
        (storage, lane) => storage.forSession(lane % 3 === 0 ? "s" : "t").createTask(tool)
      )
      yield* holds(`at most 4 are active at once, not ${most}`, most <= 4)
      for (const session of ["s", "t"]) {
        for (let index = 0; index < 2; index++) yield* world.first.forSession(session).createTask(tool)
        yield* refused("one more", world.second.forSession(session).createTask(tool), { ...fullSession, limit: 2 })
      }
    }, { maxActive: 100, maxActivePerSession: 2 }),

    contractCase("a task that has not ended keeps its seat, whatever it waits for", function*({ first, second }) {
      const worker = yield* register(first)
      yield* createIn(first, "one", "working", { worker })
      const isFull = (what: string) => refused(what, second.createTask(tool), { ...full, limit: 1 })
      yield* first.requireInput("one", { a: 1 }, { lease: 0 })
      yield* isFull("while it waits for input")
      yield* first.provideInput("one", { a: 1 })
      yield* isFull("while it waits for a worker")
      yield* second.claimTask("one", { worker })
      yield* second.touchTask("one", { attempt: 2, delay: 50 })
      yield* isFull("while it sleeps")
      yield* first.storeTaskResult("one", success)
      yield* isFull("with an outcome")
      yield* first.touchTask("one", { statusMessage: "still here" })
      yield* isFull("after a message")
    }, { maxActive: 1 }),

    contractCase("a task that is created with its end takes no seat", function*({ first }) {
      yield* createIn(first, "one", "working", { sessionId: "s" })
      for (const status of ["completed", "failed", "cancelled"] as const) {
        yield* createIn(first, status, status, { sessionId: "s" })
        yield* first.deleteTask(status)
      }
      yield* refused("another one", createIn(first, "two", "input_required", { sessionId: "s" }), full)
    }, { maxActive: 1, maxActivePerSession: 1 }),

    contractCase("the taken id is reported first, then the other limits", function*({ first }) {
      yield* createIn(first, "one", "working", { sessionId: "s" })
      const again = (id: string) => createIn(first, id, "working", { sessionId: "s" })
      yield* refused("the id", again("one"), { _tag: "TaskAlreadyExists", taskId: "one" })
      yield* createIn(first, "two", "failed")
      yield* refused("the stored tasks", again("three"), { _tag: "MaxTasksReached", scope: "storage", limit: 2 })
      yield* first.deleteTask("two")
      yield* refused("the active tasks", again("three"), { ...full, limit: 1 })
    }, { maxTasks: 2, maxActive: 1, maxActivePerSession: 1 }),

    contractCase("both kinds of limits hold side by side", function*({ first, second }) {
      yield* Effect.all(
        Array.from(
          { length: 12 },
          (_, index) => Effect.exit((index % 2 === 0 ? first : second).createTask({ ...tool, sessionId: "s" }))
        ),
        { concurrency: "unbounded" }
      )
      const { tasks } = yield* first.listTasks()
      yield* equal("stored", tasks.length, 2)
      for (const { taskId } of tasks) yield* first.settleTask(taskId, success)
      yield* second.createTask({ ...tool, sessionId: "s" })
      yield* refused("a fourth stored one", first.createTask({ ...tool, sessionId: "s" }), {
        _tag: "MaxTasksReached",
        scope: "session",
        limit: 3
      })
      yield* first.createTask({ ...tool, sessionId: "t" })
      yield* refused("a third active one", first.createTask(tool), { ...full, limit: 2 })
    }, { maxTasks: 100, maxTasksPerSession: 3, maxActive: 2, maxActivePerSession: 2 }),

    contractCase(
      "a creation that is refused writes nothing, not even over an expired task",
      function*({ clock, first }) {
        yield* createIn(first, "old", "completed", { ttl: 100 })
        yield* createIn(first, "one", "working", { sessionId: "s" })
        yield* clock.advance(100)
        yield* refused("the id", createIn(first, "old", "working", { sessionId: "s" }), { ...fullSession, limit: 1 })
        yield* equal("what the sweep finds", yield* first.expireTasks(), ["old"])
      },
      { maxActivePerSession: 1 }
    ),

    contractCase("an expired id can be created again where the limit is reached", function*({ clock, first }) {
      yield* createIn(first, "one", "working", { sessionId: "s", ttl: 100 })
      yield* clock.advance(100)
      yield* createIn(first, "one", "working", { sessionId: "s" })
      yield* refused("another", first.createTask(tool), full)
      yield* createIn(first, "ended", "failed", { ttl: 100 })
      yield* clock.advance(100)
      yield* refused("in the place of one without a seat", createIn(first, "ended", "working"), full)
    }, { maxActive: 1, maxActivePerSession: 1 }),

    contractCase("rerunTask and importTask take seats as creations do", function*({ first, second }) {
      yield* createIn(first, "one", "failed", { sessionId: "s" })
      const again = yield* first.rerunTask("one")
      yield* refused("a second rerun", second.rerunTask("one", { again: true }), { ...full, limit: 1 })
      yield* hasFields("the source", yield* mustGet(first, "one"), { rerunAs: again.taskId })
      const record = { ...(yield* mustGet(first, again.taskId)), taskId: again.taskId }
      yield* second.deleteTask(again.taskId)
      yield* equal("the import", (yield* second.importTask(record))._tag, "Imported")
      yield* refused("another one", first.createTask(tool), full)
      yield* equal("the import again", (yield* second.importTask(record))._tag, "Same")
      yield* first.settleTask(again.taskId, success)
      const ended = yield* mustGet(first, again.taskId)
      yield* first.deleteTask(again.taskId)
      yield* createIn(first, "two", "working")
      yield* refused("an import", second.importTask(record), full)
      yield* equal("that of one that has ended", (yield* second.importTask(ended))._tag, "Imported")
    }, { maxActive: 1 })
  ]
}
