/**
 * What is promised of the news of a worker: it hears of what others write to its tasks, however many it holds.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import type { DriverPair } from "../StorageHarness.ts"
import { equal, eventually } from "./check.ts"
import { type CaseFailure, type ContractCase, contractCase, type ContractGroup, type World } from "./ContractCase.ts"
import { driverCase, primitive } from "./driverCase.ts"
import { bury, createIn, longLease, mustGet, register, success } from "./fixtures.ts"

type Write = (tasks: TaskStorageShape, taskId: string) => Effect.Effect<unknown, CaseFailure>

/** Every write that the worker of a task hears of, if it did not make it. */
const foreign: ReadonlyArray<readonly [name: string, write: Write]> = [
  ["a touch", (tasks, taskId) => tasks.touchTask(taskId)],
  ["a message", (tasks, taskId) => tasks.withSummary.touchTask(taskId, { statusMessage: "from elsewhere" })],
  ["a cancel", (tasks, taskId) => tasks.updateTaskStatus(taskId, "cancelled")],
  ["a settlement", (tasks, taskId) => tasks.settleTask(taskId, success)],
  ["an outcome", (tasks, taskId) => tasks.storeTaskResult(taskId, success)],
  ["a step", (tasks, taskId) => tasks.storeTaskStep(taskId, "step", 1)],
  ["a question", (tasks, taskId) => tasks.requireInput(taskId, { a: 1 })],
  [
    "an answer",
    (tasks, taskId) => Effect.andThen(tasks.requireInput(taskId, { a: 1 }), tasks.provideInput(taskId, { a: 1 }))
  ],
  ["a release", (tasks, taskId) => tasks.touchTask(taskId, { lease: 0 })],
  ["a delay", (tasks, taskId) => tasks.touchTask(taskId, { delay: 10 })],
  [
    "a replacement",
    (tasks, taskId) =>
      Effect.flatMap(mustGet(tasks, taskId), (record) => tasks.updateTask({ ...record, meta: { m: 1 } }))
  ],
  ["a deletion", (tasks, taskId) => tasks.deleteTask(taskId)]
]

/** Writes that a worker makes to its own task at its first attempt. */
const own: ReadonlyArray<readonly [name: string, write: Write]> = [
  ["a touch", (tasks, taskId) => tasks.touchTask(taskId, { attempt: 1, statusMessage: "half way" })],
  ["a heartbeat", (tasks, taskId) => tasks.touchTask(taskId, { attempt: 1, lease: 1_000 })],
  ["a cancel", (tasks, taskId) => tasks.updateTaskStatus(taskId, "cancelled", { attempt: 1 })],
  ["a settlement", (tasks, taskId) => tasks.withSummary.settleTask(taskId, success, { attempt: 1 })],
  ["an outcome", (tasks, taskId) => tasks.storeTaskResult(taskId, success, { attempt: 1 })],
  ["a step", (tasks, taskId) => tasks.storeTaskStep(taskId, "step", 1, { attempt: 1 })],
  ["a question", (tasks, taskId) => tasks.requireInput(taskId, { a: 1 }, { attempt: 1 })],
  ["a release", (tasks, taskId) => tasks.touchTask(taskId, { attempt: 1, lease: 0 })],
  ["a delay", (tasks, taskId) => tasks.touchTask(taskId, { attempt: 1, delay: 10 })]
]

/** Collects the news of a worker in the background. */
const listen = Effect.fnUntraced(function*(tasks: World["first"], workerId: string) {
  const heard: Array<string> = []
  yield* Effect.forkScoped(
    Stream.runForEach(tasks.workerNews(workerId), (taskId) => Effect.sync(() => heard.push(taskId)))
  )
  return heard
})

const hears = (what: string, heard: ReadonlyArray<string>, taskId: string) =>
  eventually(`the worker hears of ${what}`, Effect.sync(() => heard.includes(taskId)))

/** Takes the news of a worker, in the order of the ids. */
type Take = (
  workerId: string,
  handle?: keyof DriverPair
) => Effect.Effect<ReadonlyArray<string>, TaskStorageError>

/** A case that takes the news of the driver. */
const newsCase = (
  name: string,
  run: (world: World, take: Take) => Effect.Effect<void, CaseFailure>
): ContractCase =>
  driverCase(
    name,
    (world, drivers) =>
      run(world, (workerId, handle = "first") =>
        Effect.map(primitive(drivers[handle].workers.takeNews(workerId)), (ids) =>
          ids.toSorted()))
  )

/** The handle that writes, seen from the one that listens. */
const writers = ["first", "second"] as const

/**
 * @since 0.2.0
 * @category suite
 */
export const newsGroup: ContractGroup = {
  subject: "news of workers",
  cases: [
    ...writers.map((writer) =>
      contractCase(`tell of what the ${writer} handle writes, and go on`, function*(world) {
        const { drivers, first } = world
        const workerId = yield* register(first, longLease)
        const heard = yield* listen(first, workerId)
        // A driver that signals has to signal each of them. One that does not is asked for all of them every second.
        const concurrency = drivers !== undefined && drivers.first.foreignWrites === undefined ? "unbounded" : 1
        yield* Effect.forEach(foreign, ([name, write]) =>
          Effect.gen(function*() {
            const taskId = `${name} by ${writer}`
            yield* createIn(first, taskId, "working", { worker: workerId })
            yield* write(world[writer], taskId)
            yield* hears(name, heard, taskId)
          }), { concurrency, discard: true })
        const again = yield* listen(first, workerId)
        yield* createIn(first, "later", "working", { worker: workerId })
        yield* world[writer].updateTaskStatus("later", "cancelled")
        yield* eventually(
          "both listeners hear together",
          Effect.sync(() => [...heard, ...again].includes("later"))
        )
      })
    ),

    contractCase("tell of what was written before anybody listened", function*({ first, second }) {
      const workerId = yield* register(first, longLease)
      for (const taskId of ["one", "two"]) {
        yield* createIn(first, taskId, "working", { worker: workerId })
        yield* second.updateTaskStatus(taskId, "cancelled")
      }
      const heard = yield* listen(first, workerId)
      for (const taskId of ["one", "two"]) yield* hears(taskId, heard, taskId)
    }),

    contractCase("tell of tasks that were claimed, one by one or together", function*({ first, second }) {
      const workerId = yield* register(first, longLease)
      const heard = yield* listen(first, workerId)
      for (const taskId of ["one", "two"]) yield* createIn(second, taskId, "working", { lease: 0 })
      yield* first.claimTask("one", { worker: workerId })
      yield* first.claimTasks({ worker: workerId })
      for (const taskId of ["one", "two"]) {
        yield* second.forSession(null).updateTaskStatus(taskId, "cancelled")
        yield* hears(taskId, heard, taskId)
      }
    }),

    ...foreign.map(([name, write]) =>
      newsCase(
        `have the id of the task once after ${name}, and are gone once they are taken`,
        (world, take) =>
          Effect.gen(function*() {
            const { first, second } = world
            const [one, two] = [yield* register(first, longLease), yield* register(second, longLease)]
            for (const taskId of ["one", "untouched"]) yield* createIn(first, taskId, "working", { worker: one })
            yield* createIn(first, "other", "working", { worker: two })
            yield* equal("before", yield* take(one), [])
            yield* write(second, "one")
            yield* equal("of the other worker", yield* take(two), [])
            yield* equal("then", yield* take(one, "second"), ["one"])
            for (const handle of writers) yield* equal("taken again", yield* take(one, handle), [])
          })
      )
    ),

    ...own.map(([name, write]) =>
      newsCase(`have nothing of ${name} of the worker itself`, ({ first }, take) =>
        Effect.gen(function*() {
          const workerId = yield* register(first, longLease)
          yield* createIn(first, "one", "working", { worker: workerId })
          yield* write(first, "one")
          yield* equal("news", yield* take(workerId), [])
        }))
    ),

    newsCase("have nothing of claims, renewals and refused writes", (world, take) =>
      Effect.gen(function*() {
        const { clock, first, second } = world
        const [one, two] = [yield* register(first, longLease), yield* register(second, longLease)]
        for (const taskId of ["one", "two"]) yield* createIn(first, taskId, "working", { worker: one })
        yield* first.renewWorker(one, longLease)
        yield* Effect.ignore(second.claimTask("one", { worker: two }))
        yield* Effect.ignore(second.updateTaskStatus("one", "working"))
        yield* Effect.ignore(second.settleTask("one", success, { attempt: 2 }))
        yield* Effect.ignore(second.forSession("s").settleTask("one", success))
        yield* second.forSession("s").deleteTask("one")
        yield* second.provideInput("one", { unknown: 1 })
        yield* equal("while it lives", yield* take(one), [])
        yield* bury(world, one)
        yield* second.claimTask("one", { worker: two })
        yield* second.claimTasks({ worker: two })
        yield* clock.advance(1)
        yield* second.touchTask("one", { attempt: 2 })
        for (const handle of writers) {
          yield* equal("of the dead", yield* take(one, handle), [])
          yield* equal("of the one that claimed", yield* take(two, handle), [])
        }
      })),

    newsCase("go to the one who holds the task when it is written", (world, take) =>
      Effect.gen(function*() {
        const { first, second } = world
        const [one, two] = [yield* register(first, longLease), yield* register(second, longLease)]
        yield* createIn(first, "one", "working", { worker: one })
        yield* first.touchTask("one", { attempt: 1, lease: 0 })
        yield* second.touchTask("one", { statusMessage: "nobody has it" })
        yield* second.claimTask("one", { worker: two })
        yield* first.touchTask("one", { statusMessage: "it has another one" })
        yield* equal("of the first", yield* take(one), [])
        yield* equal("of the second", yield* take(two), ["one"])
        yield* second.touchTask("one", { attempt: 2, lease: 1_000 })
        yield* first.updateTaskStatus("one", "cancelled")
        yield* equal("under a lease of its own", yield* take(two), [])
      })),

    newsCase(
      "have nothing of whatever is written to a task that has ended",
      ({ first, second }, take) =>
        Effect.gen(function*() {
          const workerId = yield* register(first, longLease)
          for (const [name, write] of foreign) {
            for (const status of ["completed", "cancelled"] as const) {
              const taskId = `${name} of ${status}`
              yield* createIn(first, taskId, "working", { worker: workerId })
              yield* first.updateTaskStatus(taskId, status, { attempt: 1 })
              // Most of them are refused.
              yield* Effect.exit(write(second, taskId))
              yield* equal(taskId, yield* take(workerId), [])
            }
          }
        })
    ),

    newsCase("have nothing of tasks under a lease of their own, of released ones, and of those that ended", (
      { first, second },
      take
    ) =>
      Effect.gen(function*() {
        const workerId = yield* register(first, longLease)
        yield* createIn(first, "own", "working", longLease)
        yield* createIn(first, "delayed", "working", { delay: 10 })
        yield* createIn(first, "ended", "working", { worker: workerId })
        yield* first.settleTask("ended", success, { attempt: 1 })
        yield* createIn(first, "left", "working", { worker: workerId })
        yield* first.touchTask("left", { attempt: 1, delay: 10 })
        for (const taskId of ["own", "delayed", "left"]) yield* second.touchTask(taskId, { statusMessage: "x" })
        for (const taskId of ["own", "delayed", "ended", "left"]) yield* second.deleteTask(taskId)
        yield* equal("news", yield* take(workerId), [])
      })),

    newsCase(
      "have each task once, however often it was written",
      ({ first, second }, take) =>
        Effect.gen(function*() {
          const workerId = yield* register(first, longLease)
          const ids = ["a", "b", "\ue000", "\u{10000}", "x".repeat(255)]
          for (const taskId of ids) yield* createIn(first, taskId, "input_required", { worker: workerId })
          for (let round = 0; round < 3; round++) {
            yield* Effect.forEach(ids, (taskId) => second.touchTask(taskId), { concurrency: "unbounded" })
          }
          for (const taskId of ids) yield* second.deleteTask(taskId)
          yield* equal("news", yield* take(workerId), ids.toSorted())
          yield* equal("taken again", yield* take(workerId), [])
        })
    ),

    ...([["first"], ["first", "second"]] as const).map((takers) =>
      newsCase(
        `are lost by none of ${takers.length} that take them while others write`,
        ({ first, second }, take) =>
          Effect.gen(function*() {
            const workerId = yield* register(first, longLease)
            const ids = Array.from({ length: 12 }, (_, index) => `task-${String(index).padStart(2, "0")}`)
            for (const taskId of ids) yield* createIn(first, taskId, "working", { worker: workerId })
            const [, ...taken] = yield* Effect.all(
              [
                Effect.forEach(ids, (taskId) => second.updateTaskStatus(taskId, "cancelled"), { concurrency: 3 }),
                ...takers.map((handle) => Effect.forEach(Array.from({ length: 6 }), () => take(workerId, handle)))
              ],
              { concurrency: "unbounded" }
            )
            const all = [...taken.flat(2), ...(yield* take(workerId))]
            yield* equal("news", [...new Set(all)].toSorted(), ids)
            // A worker asks for its news one time after the other. Two that ask at once may be told the same.
            if (takers.length === 1) yield* equal("each is told once", all.length, ids.length)
          })
      )
    ),

    newsCase("are many at once if need be", ({ first, second }, take) =>
      Effect.gen(function*() {
        const workerId = yield* register(first, longLease)
        const ids = Array.from({ length: 120 }, (_, index) => `task-${String(index).padStart(3, "0")}`)
        yield* Effect.forEach(ids, (taskId) => createIn(first, taskId, "working", { worker: workerId }), {
          concurrency: 10
        })
        yield* Effect.forEach(ids, (taskId) => second.updateTaskStatus(taskId, "cancelled"), { concurrency: 10 })
        const taken: Array<string> = []
        for (let look = 0; look < ids.length && taken.length < ids.length; look++) {
          taken.push(...(yield* take(workerId)))
        }
        yield* equal("news", taken.toSorted(), ids)
        yield* equal("taken again", yield* take(workerId), [])
      })),

    newsCase("go with the worker", (world, take) =>
      Effect.gen(function*() {
        const { clock, first, second } = world
        const [one, two] = [yield* register(first, longLease), yield* register(first, longLease)]
        for (const [taskId, worker] of [["one", one], ["two", two]] as const) {
          yield* createIn(first, taskId, "working", { worker })
          yield* second.deleteTask(taskId)
        }
        yield* first.endWorker(one)
        yield* clock.advance(90_000_000)
        yield* first.maintenance()
        yield* equal("of the one that was removed", yield* take(one), [])
        yield* equal("of the one that is there", yield* take(two), ["two"])
        yield* equal("of none", yield* take("none"), [])
      }))
  ]
}
