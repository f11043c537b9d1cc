/**
 * What is promised of the tasks that registered workers hold: they are theirs until they are dead, and no longer.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SessionTasks } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { activeStatuses } from "../../domain/task/TaskStatus.ts"
import { settleOrClaim } from "./atOnce.ts"
import { equal, equalRecord, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { bury, createIn, longLease, mustGet, register, success, terminalStatuses } from "./fixtures.ts"

const expired = { leases: "expired" } as const

type Write = (tasks: SessionTasks, task: TaskRecord) => Effect.Effect<unknown, TaskStorageError>

/** Every way to end a task. */
const endings: ReadonlyArray<readonly [name: string, end: Write]> = [
  ["settleTask", (tasks) => tasks.settleTask("one", success, { attempt: 1 })],
  ...terminalStatuses.map((status): readonly [string, Write] => [
    `updateTaskStatus to ${status}`,
    (tasks) => tasks.updateTaskStatus("one", status)
  ]),
  ["updateTask", (tasks, task) => tasks.updateTask({ ...task, status: "completed" })]
]

/** Every write that leaves the task to the one who has it. */
const keeping: ReadonlyArray<readonly [name: string, write: Write]> = [
  ["touchTask", (tasks) => tasks.touchTask("one", { attempt: 1, statusMessage: "half way" })],
  ["touchTask without an attempt", (tasks) => tasks.touchTask("one")],
  ["storeTaskStep", (tasks) => tasks.storeTaskStep("one", "step", 1, { attempt: 1 })],
  ["requireInput", (tasks) => tasks.requireInput("one", { a: 1 }, { attempt: 1 })],
  ["provideInput", (tasks) => tasks.provideInput("one", { a: 1 })],
  ["updateTaskStatus", (tasks) => tasks.updateTaskStatus("one", "input_required")],
  ["storeTaskResult", (tasks) => tasks.storeTaskResult("one", success, { attempt: 1 })],
  ["updateTask", (tasks, task) => tasks.updateTask(task)],
  [
    "updateTask without them",
    (tasks, task) => {
      const { attempt: _, leaseExpiresAt: __, startedAt: ___, worker: ____, ...rest } = task
      return tasks.updateTask(rest)
    }
  ],
  [
    "updateTask with others",
    (tasks, task) => tasks.updateTask({ ...task, attempt: 7, startedAt: DateTime.makeUnsafe(5), worker: "other" })
  ]
]

/** Every way to release a task, and what it waits for then. */
const releasing: ReadonlyArray<readonly [name: string, wait: number, write: Write]> = [
  ["touchTask with a lease of 0", 0, (tasks) => tasks.touchTask("one", { attempt: 1, lease: 0 })],
  ["touchTask with a delay of 0", 0, (tasks) => tasks.touchTask("one", { attempt: 1, delay: 0 })],
  ["touchTask with a delay", 500, (tasks) => tasks.touchTask("one", { attempt: 1, delay: 500 })],
  ["requireInput with a lease of 0", 0, (tasks) => tasks.requireInput("one", { a: 1 }, { attempt: 1, lease: 0 })]
]

/** The two ways to hold a task. */
const ways = ["lease", "worker"] as const

/**
 * @since 0.2.0
 * @category suite
 */
export const workerTasksGroup: ContractGroup = {
  subject: "tasks of workers",
  cases: [
    contractCase("are held from their creation or a claim on, and say by whom and since when", function*({
      clock,
      first,
      second
    }) {
      const worker = yield* register(first, longLease)
      const createdAt = DateTime.makeUnsafe(clock.currentTimeMillisUnsafe() - 10_000)
      const startedAt = clock.currentTimeMillisUnsafe()
      const held = { attempt: 1, leaseExpiresAt: undefined, startedAt, worker }
      // It begins now, however old the task is said to be.
      const created = yield* createIn(first, "created", "working", { createdAt, worker })
      yield* hasFields("created", created, { ...held, revision: 1 })
      yield* equalRecord("as another process reads it", yield* mustGet(second, "created"), created)
      yield* createIn(first, "free", "working", { lease: 0 })
      yield* createIn(first, "nobody's", "working")
      yield* clock.advance(7)
      for (const taskId of ["free", "nobody's"]) {
        const { abandoned, record } = yield* second.claimTask(taskId, { worker })
        yield* equal("abandoned", abandoned, false)
        yield* hasFields(taskId, record, {
          ...held,
          lastUpdatedAt: startedAt + 7,
          revision: 2,
          startedAt: startedAt + 7
        })
        yield* equalRecord("as another process reads it", yield* mustGet(first, taskId), record)
      }
      const { tasks } = yield* second.listTaskSummaries()
      yield* equal("in lists", tasks.map((task) => task.worker), [worker, worker, worker])
      const summary = Option.getOrUndefined(yield* first.getTaskSummary("created"))
      if (summary !== undefined) yield* hasFields("the summary", summary, held)
      yield* equalRecord("the listed summary", tasks.find(({ taskId }) => taskId === "created"), summary)
    }),

    contractCase("under a lease of their own name no worker, and since when", function*({ clock, first, second }) {
      const startedAt = clock.currentTimeMillisUnsafe()
      const created = yield* createIn(first, "one", "working", { lease: 100 })
      yield* hasFields("created", created, { leaseExpiresAt: startedAt + 100, startedAt, worker: undefined })
      yield* clock.advance(60)
      const extended = yield* first.touchTask("one", { attempt: 1, lease: 100 })
      yield* hasFields("extended", extended, { leaseExpiresAt: startedAt + 160, startedAt })
      yield* clock.advance(100)
      const { record } = yield* second.claimTask("one", { lease: 100 })
      yield* hasFields("claimed", record, { attempt: 2, startedAt: startedAt + 160, worker: undefined })
      yield* equalRecord("as another process reads it", yield* mustGet(first, "one"), record)
      const nobodys = yield* createIn(first, "nobody's", "working")
      yield* hasFields("nobody's", nobodys, { startedAt: undefined, worker: undefined })
    }),

    contractCase("are free once their worker is declared dead, and by nothing else", function*({
      clock,
      first,
      second
    }) {
      const [one, two] = [
        yield* register(first, { lease: 100 }),
        yield* register(second, { lease: Number.MAX_SAFE_INTEGER })
      ]
      const held = yield* createIn(first, "one", "working", { worker: one })
      const untouched = Effect.fnUntraced(function*(when: string) {
        const refusal = { _tag: "LeaseHeld", remaining: undefined, taskId: "one", worker: one } as const
        yield* refused(`${when}, a claim`, second.claimTask("one", { worker: two }), refusal)
        yield* refused(`${when}, a claim by a lease`, second.claimTask("one", { lease: 1 }), refusal)
        yield* refused(`${when}, a claim by its own worker`, first.claimTask("one", { worker: one }), refusal)
        yield* equal(`${when}, claimable`, yield* second.claimableTasks(), [])
        yield* equal(`${when}, claimed`, yield* second.claimTasks({ worker: two }), [])
        yield* equal(`${when}, abandoned`, yield* second.recoverStuckTasks(0, expired), [])
        yield* equal(`${when}, stuck`, yield* second.recoverStuckTasks(0), [])
        yield* second.maintenance()
        yield* equalRecord(`${when}, the task`, yield* mustGet(second, "one"), held)
      })
      yield* untouched("at once")
      yield* clock.advance(100)
      yield* untouched("when the lease of the worker has run out")
      yield* clock.advance(10_000_000_000)
      yield* untouched("years later")
      yield* first.renewWorker(one, { lease: 100 })
      yield* second.declareDeadWorkers()
      yield* untouched("when the worker was renewed at last")
      yield* clock.advance(100)
      yield* equal("declared dead", yield* second.declareDeadWorkers(), [one])
      const { abandoned, record } = yield* second.claimTask("one", { worker: two })
      yield* equal("abandoned", abandoned, true)
      yield* hasFields("claimed", record, {
        attempt: 2,
        revision: 2,
        startedAt: clock.currentTimeMillisUnsafe(),
        worker: two
      })
      yield* refused("a late write", first.settleTask("one", success, { attempt: 1 }), {
        _tag: "LeaseLost",
        current: 2
      })
      yield* equal("claimable", yield* second.claimableTasks(), [])
    }),

    contractCase("of a dead worker are listed as abandoned, and by whom", function*(world) {
      const { clock, first, second } = world
      const workerId = yield* register(first, longLease)
      const created = yield* createIn(first, "one", "working", { worker: workerId, sessionId: "s" })
      yield* createIn(first, "asks", "input_required", { worker: workerId })
      yield* createIn(first, "expired", "working", { worker: workerId, ttl: 1 })
      yield* bury(world, workerId)
      yield* equal("claimable", yield* second.claimableTasks(), ["one"])
      yield* hasFields("the task", yield* mustGet(first, "one"), {
        attempt: 1,
        lastUpdatedAt: created.lastUpdatedAt.epochMilliseconds,
        leaseExpiresAt: clock.currentTimeMillisUnsafe(),
        revision: 2,
        startedAt: created.startedAt?.epochMilliseconds,
        status: "working",
        worker: workerId
      })
      yield* clock.advance(10)
      yield* equal("again", yield* second.claimableTasks(), ["one"])
      yield* hasFields("the task again", yield* mustGet(first, "one"), { revision: 2 })
      const { abandoned } = yield* second.claimTask("one", { lease: 10 })
      yield* equal("abandoned", abandoned, true)
      yield* second.updateTaskStatus("asks", "working")
      yield* equal("once it works again", yield* second.claimableTasks(), ["asks"])
    }),

    contractCase("of one who is not registered are free", function*({ first, second }) {
      const held = yield* createIn(first, "one", "working", { worker: "none" })
      yield* hasFields("created", held, { attempt: 1, worker: "none" })
      const { abandoned, record } = yield* second.claimTask("one", { lease: 10 })
      yield* equal("abandoned", abandoned, true)
      yield* hasFields("claimed", record, { attempt: 2, worker: undefined })
      const worker = yield* register(first, longLease)
      yield* first.endWorker(worker)
      yield* createIn(second, "two", "working", { lease: 0 })
      yield* second.claimTask("two", { worker })
      yield* equal("of one who has ended", (yield* first.claimTask("two", { lease: 10 })).abandoned, true)
    }),

    contractCase("are failed by recovery once the worker is dead, however short ago", function*(world) {
      const { first, second } = world
      const [one, two] = [yield* register(first, longLease), yield* register(first, longLease)]
      const created = yield* createIn(first, "one", "working", { worker: one })
      yield* createIn(first, "asks", "input_required", { worker: one })
      const held = yield* createIn(first, "held", "working", { worker: two })
      yield* bury(world, one)
      yield* equal("too early", yield* second.recoverStuckTasks(1, expired), [])
      yield* equal("recovered", yield* second.recoverStuckTasks(0, expired), ["one"])
      yield* hasFields("the task", yield* mustGet(first, "one"), {
        attempt: 1,
        leaseExpiresAt: undefined,
        startedAt: created.startedAt?.epochMilliseconds,
        status: "failed",
        worker: one
      })
      yield* equal("stuck", yield* second.recoverStuckTasks(0), ["asks"])
      yield* equalRecord("of a living worker", yield* mustGet(first, "held"), held)
    }),

    ...ways.flatMap((way) => [
      ...keeping.map(([name, write]) =>
        contractCase(`${name} changes neither who has a task by a ${way} nor since when`, function*({
          clock,
          first,
          second
        }) {
          const worker = yield* register(first, longLease)
          const created = yield* createIn(first, "one", "working", way === "lease" ? longLease : { worker })
          const { attempt, startedAt, worker: holder } = created
          yield* clock.advance(10)
          yield* write(second, created)
          yield* hasFields("the task", yield* mustGet(first, "one"), {
            attempt,
            leaseExpiresAt: created.leaseExpiresAt?.epochMilliseconds,
            startedAt: startedAt?.epochMilliseconds,
            worker: holder
          })
          yield* equal("claimable", yield* second.claimableTasks(), [])
        })
      ),

      ...endings.map(([name, end]) =>
        contractCase(`${name} leaves who had a task by a ${way}, and since when`, function*({ clock, first, second }) {
          const worker = yield* register(first, longLease)
          const created = yield* createIn(first, "one", "working", way === "lease" ? longLease : { worker })
          yield* clock.advance(10)
          yield* end(second, created)
          yield* hasFields("the task", yield* mustGet(first, "one"), {
            attempt: 1,
            leaseExpiresAt: undefined,
            revision: 2,
            startedAt: created.startedAt?.epochMilliseconds,
            worker: created.worker
          })
          yield* equal("held", (yield* second.listWorkers())[0]?.tasks, 0)
        })
      ),

      ...releasing.map(([name, wait, release]) =>
        contractCase(`${name} leaves a task by a ${way} to nobody`, function*({ clock, first, second }) {
          const worker = yield* register(first, longLease)
          const created = yield* createIn(first, "one", "working", way === "lease" ? longLease : { worker })
          yield* clock.advance(10)
          yield* release(first, created)
          const now = clock.currentTimeMillisUnsafe()
          yield* hasFields("the task", yield* mustGet(second, "one"), {
            attempt: 1,
            lastUpdatedAt: now,
            leaseExpiresAt: wait === 0 ? 0 : now + wait,
            startedAt: undefined,
            worker: undefined
          })
          yield* equal("held", (yield* second.listWorkers())[0]?.tasks, 0)
          yield* first.endWorker(worker)
          yield* clock.advance(wait)
          const { abandoned, record } = yield* second.claimTask("one", { lease: 10 })
          yield* equal("abandoned", abandoned, false)
          yield* hasFields("claimed", record, { attempt: 2, startedAt: now + wait })
        })
      )
    ]),

    contractCase("come under a lease of their own when their worker asks for one", function*(world) {
      const { clock, first, second } = world
      const worker = yield* register(first, longLease)
      const created = yield* createIn(first, "one", "working", { worker })
      yield* createIn(first, "asks", "working", { worker })
      yield* clock.advance(10)
      const own = {
        leaseExpiresAt: clock.currentTimeMillisUnsafe() + 100,
        startedAt: created.startedAt?.epochMilliseconds,
        worker: undefined
      }
      yield* hasFields("touched", yield* first.touchTask("one", { attempt: 1, lease: 100 }), own)
      yield* hasFields("asking", yield* first.requireInput("asks", { a: 1 }, { attempt: 1, lease: 100 }), own)
      yield* bury(world, worker)
      yield* refused("a claim", second.claimTask("one", { lease: 1 }), { _tag: "LeaseHeld", remaining: 99 })
      yield* clock.advance(99)
      yield* equal("claimable", yield* second.claimableTasks(), ["one"])
    }),

    contractCase("are not written by a renewal, however many they are", function*({ clock, first, second }) {
      const worker = yield* register(first, { lease: 100 })
      const created = yield* Effect.forEach(
        activeStatuses,
        (status) => createIn(first, status, status, { worker })
      )
      for (let count = 0; count < 5; count++) {
        yield* clock.advance(90)
        yield* first.renewWorker(worker, { lease: 100 })
        yield* second.declareDeadWorkers()
      }
      for (const task of created) yield* equalRecord(task.taskId, yield* mustGet(second, task.taskId), task)
    }),

    contractCase("are claimed by exactly one of many when their worker is dead", function*(world) {
      const { first, second } = world
      const two = yield* register(second, longLease)
      for (let round = 0; round < 4; round++) {
        const one = yield* register(first, longLease)
        const taskId = `task-${round}`
        yield* createIn(first, taskId, "working", { worker: one })
        yield* bury(world, one)
        const claims = yield* Effect.all(
          [first, second, first, second, first, second].map((tasks) =>
            Effect.result(tasks.claimTask(taskId, { worker: two }))
          ),
          { concurrency: "unbounded" }
        )
        const won = claims.flatMap((claim) => claim._tag === "Success" ? [claim.success.record] : [])
        yield* equal("winners", won.length, 1)
        for (const claim of claims) {
          if (claim._tag === "Success") continue
          yield* refused("the others", Effect.fail(claim.failure), { _tag: "LeaseHeld", taskId, worker: two })
        }
        const record = yield* mustGet(second, taskId)
        yield* equalRecord("the task", record, won[0])
        yield* hasFields("the task", record, { attempt: 2, revision: 2 })
      }
    }),

    contractCase("are settled by their worker or claimed by another, whichever comes first", function*(world) {
      const { first } = world
      for (let round = 0; round < 10; round++) {
        const one = yield* register(first, longLease)
        const taskId = `task-${round}`
        yield* createIn(first, taskId, "working", { worker: one })
        yield* bury(world, one)
        const isSettled = yield* settleOrClaim(world, taskId)
        yield* hasFields("the task", yield* mustGet(first, taskId), { attempt: isSettled ? 1 : 2, revision: 2 })
      }
    }),

    contractCase("that are created in an end are held by nobody", function*({ first }) {
      const worker = yield* register(first, longLease)
      for (const status of terminalStatuses) {
        const created = yield* createIn(first, status, status, { worker })
        yield* hasFields(status, created, { leaseExpiresAt: undefined, worker })
      }
      yield* equal("held", (yield* first.listWorkers())[0]?.tasks, 0)
    }),

    contractCase("of other sessions are out of reach for a claim", function*({ first }) {
      const worker = yield* register(first, longLease)
      yield* createIn(first, "one", "working", { lease: 0, sessionId: "s" })
      yield* createIn(first, "held", "working", { sessionId: "s", worker })
      for (const tasks of [first.forSession("t"), first.forSession(null)]) {
        for (const taskId of ["one", "held"]) {
          yield* refused(taskId, tasks.claimTask(taskId, { worker }), { _tag: "TaskNotFound", taskId })
        }
      }
      yield* hasFields("the task", yield* mustGet(first, "one"), { attempt: undefined, revision: 1 })
      const { record } = yield* first.forSession("s").claimTask("one", { worker })
      yield* hasFields("claimed by its own session", record, { attempt: 1, worker })
    })
  ]
}
