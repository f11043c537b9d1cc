/**
 * What delays promise: a task that waits on purpose is nobody's before its time, free from then on, and never abandoned.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type { CreateTask } from "../../domain/options/TaskOptions.ts"
import type { SessionTasks } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import { activeStatuses } from "../../domain/task/TaskStatus.ts"
import { equal, equalRecord, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { bury, createIn, longLease, mustGet, register, success, terminalStatuses } from "./fixtures.ts"

const expired = { leases: "expired" } as const

/** Every way to make a task wait for 100 milliseconds, and how it is created for that. */
const waits: ReadonlyArray<
  readonly [
    name: string,
    created: Partial<CreateTask>,
    wait: (tasks: SessionTasks) => Effect.Effect<unknown, TaskStorageError>
  ]
> = [
  ["by its lease", longLease, (tasks) => tasks.touchTask("one", { attempt: 1, delay: 100 })],
  ["by a lease that it had before", { lease: 0 }, (tasks) => tasks.touchTask("one", { delay: 100 })],
  ["that was nobody's", {}, (tasks) => tasks.withSummary.touchTask("one", { delay: 100 })],
  ["that waited for longer", { delay: "1 hour" }, (tasks) => tasks.touchTask("one", { delay: 100 })],
  ["with a message", longLease, (tasks) => tasks.touchTask("one", { delay: 100, statusMessage: "asleep" })]
]

/**
 * @since 0.2.0
 * @category suite
 */
export const delaysGroup: ContractGroup = {
  subject: "delays",
  cases: [
    contractCase(
      "a task that is created with a delay is free from the very millisecond at which that is over",
      function*({
        clock,
        first,
        second
      }) {
        const dueAt = clock.currentTimeMillisUnsafe() + 100
        const created = yield* createIn(first, "one", "working", { delay: 100 })
        yield* hasFields("created", created, {
          attempt: undefined,
          leaseExpiresAt: dueAt,
          startedAt: undefined,
          worker: undefined
        })
        yield* equalRecord("as another process reads it", yield* mustGet(second, "one"), created)
        yield* clock.advance(99)
        yield* equal("claimable just before", yield* second.claimableTasks(), [])
        yield* equal("claimed just before", yield* second.claimTasks(longLease), [])
        yield* refused("a claim", second.claimTask("one", { lease: 1 }), {
          _tag: "LeaseHeld",
          remaining: 1,
          taskId: "one",
          worker: undefined
        })
        yield* clock.advance(1)
        yield* equal("claimable then", yield* second.claimableTasks(), ["one"])
        yield* equal("claimable, of what was released", yield* second.claimableTasks({ leases: "released" }), [])
        const { abandoned, record } = yield* second.claimTask("one", { lease: 100 })
        yield* equal("abandoned", abandoned, false)
        yield* hasFields("claimed", record, { attempt: 1, leaseExpiresAt: dueAt + 100, startedAt: dueAt })
        yield* clock.advance(100)
        yield* equal("abandoned later", (yield* first.claimTask("one", { lease: 1 })).abandoned, true)
      }
    ),

    ...waits.map(([name, fields, wait]) =>
      contractCase(`a task ${name} waits from a touch with a delay on`, function*({ clock, first, second }) {
        yield* createIn(first, "one", "working", fields)
        yield* clock.advance(10)
        yield* wait(second)
        const dueAt = clock.currentTimeMillisUnsafe() + 100
        const waiting = yield* mustGet(first, "one")
        yield* hasFields("the task", waiting, {
          lastUpdatedAt: dueAt - 100,
          leaseExpiresAt: dueAt,
          revision: 2,
          startedAt: undefined,
          status: "working",
          worker: undefined
        })
        yield* clock.advance(99)
        yield* equal("claimable just before", yield* first.claimableTasks(), [])
        yield* refused("a claim", first.claimTask("one", { lease: 1 }), { _tag: "LeaseHeld", remaining: 1 })
        yield* clock.advance(1)
        yield* equal("abandoned", yield* second.recoverStuckTasks(0, expired), [])
        yield* equalRecord("the task then", yield* mustGet(second, "one"), waiting)
        const [claimed] = yield* first.claimTasks({ lease: 50 })
        yield* equal("abandoned, says the claim", claimed?.abandoned, false)
      })
    ),

    contractCase("a task of a worker waits without it, whatever becomes of the worker", function*(world) {
      const { clock, first, second } = world
      const worker = yield* register(first, longLease)
      yield* createIn(first, "one", "working", { worker })
      yield* first.touchTask("one", { attempt: 1, delay: 1_000 })
      const waiting = yield* mustGet(second, "one")
      yield* equal("held", (yield* second.listWorkers())[0]?.tasks, 0)
      yield* bury(world, worker)
      yield* equal("claimable", yield* second.claimableTasks(), [])
      yield* second.maintenance()
      yield* equal("tasks of the worker", yield* first.endWorker(worker), 0)
      yield* equalRecord("the task", yield* mustGet(second, "one"), waiting)
      yield* clock.advance(999)
      yield* equal("claimable then", yield* second.claimableTasks(), ["one"])
    }),

    contractCase("a task that has waited long is not abandoned, however long nobody claims it", function*({
      clock,
      first,
      second
    }) {
      yield* createIn(first, "waits", "working", { delay: 10 })
      yield* createIn(first, "left", "working", { lease: 10 })
      yield* createIn(first, "touched", "working", { delay: 10 })
      yield* first.touchTask("touched", { statusMessage: "still asleep" })
      yield* createIn(first, "extended", "working", { delay: 10 })
      yield* first.touchTask("extended", { lease: 10 })
      yield* clock.advance(100_000)
      const recovered = yield* second.recoverStuckTasks(0, expired)
      yield* equal("abandoned", recovered.toSorted(), ["extended", "left"])
      yield* equal("claimable", (yield* second.claimableTasks()).toSorted(), ["touched", "waits"])
      yield* equal("stuck", (yield* second.recoverStuckTasks("1 second")).toSorted(), ["touched", "waits"])
    }),

    contractCase("nobody is stuck who waits on purpose, until that time is long over", function*({ clock, first }) {
      yield* createIn(first, "one", "working", { delay: 10_000 })
      yield* clock.advance(10_999)
      yield* equal("too early", yield* first.recoverStuckTasks("1 second"), [])
      yield* clock.advance(1)
      yield* equal("then", yield* first.recoverStuckTasks("1 second"), ["one"])
    }),

    contractCase("a delay that is over is a release, and a delay of 0 is one at once", function*({ clock, first }) {
      const worker = yield* register(first, longLease)
      const released = { attempt: undefined, leaseExpiresAt: 0, startedAt: undefined, worker: undefined }
      yield* hasFields("created", yield* createIn(first, "one", "working", { delay: 0 }), released)
      yield* createIn(first, "two", "working", { worker })
      yield* hasFields("touched", yield* first.touchTask("two", { delay: 0 }), { ...released, attempt: 1 })
      yield* equal("claimable", yield* first.claimableTasks({ leases: "released" }), ["one", "two"])
      yield* clock.advance(1)
      yield* equal("abandoned", yield* first.recoverStuckTasks(0, expired), [])
    }),

    contractCase("answers do not wake a task before its time", function*({ clock, first, second }) {
      for (const [taskId, status] of [["one", "working"], ["two", "input_required"]] as const) {
        yield* createIn(first, taskId, status, { delay: 100 })
        if (status === "working") yield* first.requireInput(taskId, { a: 1 })
        else yield* first.requireInput(taskId, { b: 1 })
        yield* second.provideInput(taskId, { a: 1, b: 1 })
        yield* equal("the status", (yield* mustGet(first, taskId)).status, "working")
      }
      yield* clock.advance(99)
      yield* equal("claimable just before", yield* second.claimableTasks(), [])
      yield* clock.advance(1)
      yield* equal("claimable then", yield* second.claimableTasks(), ["one", "two"])
      yield* equal("abandoned", yield* second.recoverStuckTasks(0, expired), [])
    }),

    contractCase("delays and leases are over in the order of their times", function*({ clock, first, second }) {
      const tasks = [["d", { delay: 30 }], ["c", { lease: 30 }], ["b", { delay: 20 }], ["a", { lease: 40 }]] as const
      for (const [taskId, fields] of tasks) yield* createIn(first, taskId, "working", fields)
      yield* createIn(first, "e", "working", { delay: 10, sessionId: "s" })
      yield* clock.advance(30)
      yield* equal("claimable", yield* second.claimableTasks(), ["b", "e", "c", "d"])
      yield* clock.advance(10)
      yield* equal("claimable later", yield* second.claimableTasks(), ["b", "e", "c", "d", "a"])
      const claimed = yield* second.claimTasks({ lease: 10 })
      yield* equal(
        "claimed",
        claimed.map(({ abandoned, record }) => [record.taskId, abandoned] as const),
        [["b", false], ["e", false], ["c", true], ["d", false], ["a", true]]
      )
    }),

    contractCase("an end, a deletion and expiry end the wait", function*({ clock, first, second }) {
      yield* createIn(first, "settled", "working", { delay: 100 })
      yield* createIn(first, "deleted", "working", { delay: 100 })
      yield* createIn(first, "expired", "working", { delay: 100, ttl: 100 })
      yield* createIn(first, "asks", "working", { delay: 100 })
      yield* second.settleTask("settled", success)
      yield* second.deleteTask("deleted")
      yield* second.requireInput("asks", { a: 1 })
      for (const status of terminalStatuses) yield* createIn(first, status, status, { delay: 100 })
      yield* hasFields("settled", yield* mustGet(first, "settled"), { leaseExpiresAt: undefined, startedAt: undefined })
      yield* clock.advance(100)
      yield* equal("claimable", yield* first.claimableTasks(), [])
      yield* equal("claimed", yield* second.claimTasks({ lease: 1 }), [])
      yield* equal("abandoned", yield* first.recoverStuckTasks(0, expired), [])
    }),

    contractCase("a delay of any length is kept", function*({ clock, first, second }) {
      const longest = Number.MAX_SAFE_INTEGER
      const created = yield* createIn(first, "one", "working", { delay: longest })
      yield* equalRecord("as another process reads it", yield* mustGet(second, "one"), created)
      yield* createIn(first, "two", "working", longLease)
      yield* first.touchTask("two", { delay: longest })
      yield* clock.advance(1_000_000_000_000)
      for (const taskId of ["one", "two"]) {
        yield* refused(taskId, second.claimTask(taskId, { lease: 1 }), { _tag: "LeaseHeld", worker: undefined })
      }
      yield* equal("claimable", yield* second.claimableTasks(), [])
      yield* equal("abandoned", yield* second.recoverStuckTasks(0, expired), [])
    }),

    contractCase("a delay of a worker that lost the task is refused", function*({ clock, first, second }) {
      yield* createIn(first, "one", "working", { lease: 10 })
      yield* clock.advance(10)
      const { record } = yield* second.claimTask("one", { lease: 1_000 })
      yield* refused("a delay", first.touchTask("one", { attempt: 1, delay: 10 }), { _tag: "LeaseLost", current: 2 })
      yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), record)
      for (const status of terminalStatuses) {
        yield* createIn(first, status, status)
        yield* refused(status, first.touchTask(status, { delay: 10 }), { _tag: "TerminalState", status })
      }
    }),

    contractCase("a task waits in whatever active status", function*({ first, second }) {
      for (const status of activeStatuses) {
        yield* createIn(first, status, status)
        const waiting = yield* first.touchTask(status, { delay: 100 })
        yield* hasFields("the task", waiting, { startedAt: undefined, status })
        yield* refused("a claim", second.claimTask(status, { lease: 1 }), { _tag: "LeaseHeld", remaining: 100 })
      }
    })
  ]
}
