/**
 * What leases promise: a task is one worker's until the lease runs out, is released, or the task ends.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { SessionTasks } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { activeStatuses } from "../../domain/task/TaskStatus.ts"
import { plainRecord } from "../PlainRecord.ts"
import { equal, equalRecord, eventually, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, moreThanOneStep, mustGet, success, terminalStatuses, tool } from "./fixtures.ts"

/** Every way to end a task. */
const endings: ReadonlyArray<
  readonly [name: string, end: (tasks: SessionTasks, task: TaskRecord) => Effect.Effect<unknown, TaskStorageError>]
> = [
  ["settleTask", (tasks) => tasks.settleTask("one", success, { attempt: 1 })],
  ...terminalStatuses.map((status) =>
    [`updateTaskStatus to ${status}`, (tasks: SessionTasks) => tasks.updateTaskStatus("one", status)] as const
  ),
  ["updateTask", (tasks, task) => tasks.updateTask({ ...task, status: "completed" })]
]

/**
 * @since 0.2.0
 * @category suite
 */
export const leasesGroup: ContractGroup = {
  subject: "leases",
  cases: [
    contractCase("a task is created held, waiting for a worker, or nobody's", function*({ clock, first, second }) {
      const now = clock.currentTimeMillisUnsafe()
      const cases = [
        ["held", "1 minute", { attempt: 1, leaseExpiresAt: now + 60_000 }],
        ["waiting", 0, { attempt: undefined, leaseExpiresAt: 0 }],
        ["nobody's", undefined, { attempt: undefined, leaseExpiresAt: undefined }]
      ] as const
      for (const [taskId, lease, fields] of cases) {
        // The lease begins now, however old the task is said to be.
        const created = yield* first.createTask({
          ...tool,
          createdAt: DateTime.makeUnsafe(now - 10_000),
          lease,
          taskId
        })
        yield* hasFields(taskId, created, { ...fields, revision: 1 })
        yield* equalRecord(taskId, yield* mustGet(second, taskId), created)
        const summary = Option.getOrUndefined(yield* second.getTaskSummary(taskId))
        if (summary !== undefined) yield* hasFields(`the summary of what is ${taskId}`, summary, fields)
        const listed = (yield* second.listTaskSummaries()).tasks.find((task) => task.taskId === taskId)
        yield* equalRecord(`the listed summary of what is ${taskId}`, listed, summary)
      }
    }),

    contractCase("a task that is created in an end is held by nobody", function*({ first }) {
      for (const status of terminalStatuses) {
        yield* hasFields(status, yield* createIn(first, status, status, { lease: "1 minute" }), {
          leaseExpiresAt: undefined
        })
      }
    }),

    contractCase("a claim takes a task that nobody had, and nothing else of it changes", function*({
      clock,
      first,
      second
    }) {
      for (const lease of [undefined, 0]) {
        const taskId = String(lease)
        const created = yield* createIn(first, taskId, "working", {
          lease,
          meta: { m: 1 },
          originalParams: { a: 1 },
          statusMessage: "kept",
          ttl: 50_000
        })
        yield* clock.advance(7)
        const { abandoned, record } = yield* second.claimTask(taskId, { lease: "30 seconds" })
        const now = clock.currentTimeMillisUnsafe()
        yield* equal("abandoned", abandoned, false)
        yield* hasFields("the claimed task", record, {
          attempt: 1,
          lastUpdatedAt: now,
          leaseExpiresAt: now + 30_000,
          revision: 2
        })
        const { createdAt, meta, originalParams, status, statusMessage, ttl } = created
        yield* hasFields("the claimed task", record, {
          createdAt: createdAt.epochMilliseconds,
          meta,
          originalParams,
          status,
          statusMessage,
          ttl
        })
        yield* equalRecord("as another process reads it", yield* mustGet(first, taskId), record)
      }
    }),

    contractCase("a lease holds off every other worker to the millisecond", function*({ clock, first, second }) {
      yield* createIn(first, "one", "working", { lease: 1_000 })
      const held = yield* mustGet(first, "one")
      const claim = second.claimTask("one", { lease: 500 })
      yield* refused("at once", claim, { _tag: "LeaseHeld", taskId: "one", remaining: 1_000 })
      yield* clock.advance(999)
      yield* refused("just before", claim, { _tag: "LeaseHeld", taskId: "one", remaining: 1 })
      yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), held)
      yield* clock.advance(1)
      const { abandoned, record } = yield* claim
      yield* equal("abandoned", abandoned, true)
      yield* hasFields("the claimed task", record, {
        attempt: 2,
        leaseExpiresAt: clock.currentTimeMillisUnsafe() + 500,
        revision: 2
      })
    }),

    contractCase("attempts count claims, and only those", function*({ clock, first }) {
      yield* createIn(first, "one", "working")
      for (let attempt = 1; attempt <= 4; attempt++) {
        const { record } = yield* first.claimTask("one", { lease: 10 })
        yield* hasFields("the claimed task", record, { attempt })
        yield* first.touchTask("one", { attempt, lease: 20, statusMessage: "on it" })
        yield* first.requireInput("one", { [`key-${attempt}`]: 1 })
        yield* first.provideInput("one", { [`key-${attempt}`]: 1 })
        yield* hasFields("afterwards", yield* mustGet(first, "one"), { attempt })
        yield* clock.advance(20)
      }
    }),

    contractCase("a heartbeat extends the lease from now, and may shorten it", function*({ clock, first, second }) {
      yield* createIn(first, "one", "working", { lease: 1_000 })
      yield* clock.advance(900)
      const extended = yield* first.touchTask("one", { attempt: 1, lease: "2 seconds" })
      yield* hasFields("extended", extended, {
        attempt: 1,
        leaseExpiresAt: clock.currentTimeMillisUnsafe() + 2_000,
        revision: 2
      })
      yield* clock.advance(500)
      yield* refused("another worker", second.claimTask("one", { lease: 1 }), { _tag: "LeaseHeld", remaining: 1_500 })
      const kept = yield* first.touchTask("one", { attempt: 1 })
      yield* equal("kept", kept.leaseExpiresAt, extended.leaseExpiresAt)
      yield* first.touchTask("one", { attempt: 1, lease: 1 })
      yield* clock.advance(1)
      yield* hasFields("taken", (yield* second.claimTask("one", { lease: 1 })).record, { attempt: 2 })
    }),

    contractCase("a lease that is extended is no change of the task", function*({ clock, first, second }) {
      const created = yield* createIn(first, "one", "working", { lease: 1_000, statusMessage: "begun", ttl: 60_000 })
      for (const tasks of [first, second]) {
        const before = yield* mustGet(first, "one")
        yield* clock.advance(500)
        const extended = yield* tasks.touchTask("one", { attempt: 1, lease: 1_000 })
        yield* equalRecord("as another process reads it", yield* mustGet(second, "one"), extended)
        const leaseExpiresAt = clock.currentTimeMillisUnsafe() + 1_000
        yield* equal("extended", plainRecord(extended), {
          ...plainRecord(before),
          leaseExpiresAt,
          revision: before.revision + 1
        })
      }
      const { lastUpdatedAt } = created
      yield* equal("lastUpdatedAt", (yield* mustGet(first, "one")).lastUpdatedAt, lastUpdatedAt)
      const changes = [{ statusMessage: "half way" }, { ttl: 50_000 }, { pollInterval: 7 }, { statusMessage: null }]
      for (const change of changes) {
        yield* clock.advance(10)
        const changed = yield* first.touchTask("one", { ...change, lease: 1_000 })
        yield* hasFields("with a change", changed, { lastUpdatedAt: clock.currentTimeMillisUnsafe() })
      }
      yield* clock.advance(10)
      const released = yield* first.touchTask("one", { lease: 0 })
      yield* hasFields("released", released, { lastUpdatedAt: clock.currentTimeMillisUnsafe() })
    }),

    ...(["first", "second"] as const).map((worker) =>
      contractCase(`nobody is told of a lease that the ${worker} handle extends`, function*(world) {
        const { clock, first } = world
        yield* createIn(first, "one", "working", { lease: 1_000 })
        const seen: Array<TaskRecord> = []
        yield* Effect.forkScoped(
          Stream.runForEach(first.changes("one"), (record) => Effect.sync(() => seen.push(record)))
        )
        yield* eventually("the present record is shown", Effect.sync(() => seen.length > 0))
        for (let count = 0; count < 3; count++) {
          yield* clock.advance(100)
          yield* world[worker].touchTask("one", { attempt: 1, lease: 1_000 })
          yield* Effect.sleep("20 millis")
        }
        yield* Effect.sleep("300 millis")
        yield* world[worker].touchTask("one", { statusMessage: "half way" })
        yield* eventually("the message is shown", Effect.sync(() => seen.at(-1)?.statusMessage === "half way"))
        yield* equal("revisions", seen.map(({ revision }) => revision), [1, 5])
      })
    ),

    contractCase("recovery of what nobody touched leaves what is held", function*({ clock, first, second }) {
      for (const status of activeStatuses) yield* createIn(first, status, status, { lease: 10_000 })
      for (let index = 0; index < moreThanOneStep; index++) {
        yield* createIn(first, `held-${index}`, "working", { lease: "1 hour" })
      }
      yield* createIn(first, "waits", "working", { lease: 0 })
      yield* createIn(first, "nobody's", "working")
      for (let count = 0; count < 3; count++) {
        yield* clock.advance(5_000)
        for (const status of activeStatuses) yield* first.touchTask(status, { attempt: 1, lease: 10_000 })
      }
      const recovered = yield* second.recoverStuckTasks("1 second")
      yield* equal("recovered", recovered.toSorted(), ["nobody's", "waits"])
      // A worker was heard of until its lease ended.
      yield* clock.advance(10_999)
      yield* equal("too early", yield* second.recoverStuckTasks("1 second"), [])
      yield* clock.advance(1)
      const left = yield* second.recoverStuckTasks("1 second")
      yield* equal("left", left.toSorted(), activeStatuses.toSorted())
      yield* equal("the others", yield* first.recoverStuckTasks(0), [])
    }),

    contractCase("a worker whose lease has run out may extend it until another one claims the task", function*({
      clock,
      first,
      second
    }) {
      yield* createIn(first, "one", "working", { lease: 100 })
      yield* clock.advance(5_000)
      yield* first.touchTask("one", { attempt: 1, lease: 100 })
      yield* refused("another worker", second.claimTask("one", { lease: 100 }), { _tag: "LeaseHeld", remaining: 100 })
      yield* clock.advance(100)
      yield* second.claimTask("one", { lease: 100 })
      yield* refused("the first worker", first.touchTask("one", { attempt: 1, lease: 100 }), {
        _tag: "LeaseLost",
        taskId: "one",
        attempt: 1,
        current: 2
      })
    }),

    contractCase("a released task waits for a worker, and was not abandoned", function*({ first, second }) {
      yield* createIn(first, "one", "working", { lease: "1 hour" })
      const released = yield* first.touchTask("one", { attempt: 1, lease: 0 })
      yield* hasFields("released", released, { attempt: 1, leaseExpiresAt: 0, status: "working" })
      const { abandoned, record } = yield* second.claimTask("one", { lease: "1 hour" })
      yield* equal("abandoned", abandoned, false)
      yield* hasFields("claimed again", record, { attempt: 2 })
    }),

    contractCase("a claim tells that a task has ended or is missing", function*({ clock, first }) {
      for (const status of terminalStatuses) {
        const ended = yield* createIn(first, status, status)
        yield* refused(status, first.claimTask(status, { lease: 1 }), { _tag: "TerminalState", taskId: status, status })
        yield* equalRecord("the task afterwards", yield* mustGet(first, status), ended)
      }
      yield* createIn(first, "expired", "working", { lease: 0, ttl: 100 })
      yield* clock.advance(100)
      for (const taskId of ["none", "expired"]) {
        yield* refused(taskId, first.claimTask(taskId, { lease: 1 }), { _tag: "TaskNotFound", taskId })
      }
    }),

    ...endings.map(([name, end]) =>
      contractCase(`${name} ends the lease, and not the count of attempts`, function*({ clock, first, second }) {
        const created = yield* createIn(first, "one", "working", { lease: 1_000 })
        yield* end(second, created)
        yield* hasFields("the ended task", yield* mustGet(first, "one"), {
          attempt: 1,
          leaseExpiresAt: undefined,
          revision: 2
        })
        yield* clock.advance(5_000)
        yield* equal("claimable", yield* first.claimableTasks(), [])
        yield* equal("abandoned", yield* first.recoverStuckTasks(0, { leases: "expired" }), [])
      })
    ),

    contractCase("recoverStuckTasks ends the lease with the task", function*({ clock, first }) {
      yield* createIn(first, "one", "working", { lease: 10 })
      yield* clock.advance(11)
      yield* first.recoverStuckTasks(0)
      yield* hasFields("the task", yield* mustGet(first, "one"), {
        attempt: 1,
        leaseExpiresAt: undefined,
        status: "failed"
      })
    }),

    contractCase("writes that do not name a lease keep it", function*({ clock, first }) {
      const created = yield* createIn(first, "one", "working", { lease: 1_000 })
      const kept = { attempt: 1, leaseExpiresAt: created.leaseExpiresAt?.epochMilliseconds }
      yield* clock.advance(1)
      yield* hasFields("asked", yield* first.requireInput("one", { a: 1 }), kept)
      yield* hasFields("answered", (yield* first.provideInput("one", { a: 1 })).record, kept)
      yield* hasFields("moved", yield* first.updateTaskStatus("one", "input_required"), kept)
      yield* hasFields("moved back", yield* first.updateTaskStatus("one", "working"), kept)
      yield* hasFields("with a step", yield* first.storeTaskStep("one", "a", 1), kept)
      yield* hasFields("with an outcome", yield* first.storeTaskResult("one", success), kept)
      const { attempt: _, leaseExpiresAt: __, ...rest } = yield* mustGet(first, "one")
      yield* hasFields("replaced without them", yield* first.updateTask(rest), kept)
      const read = yield* mustGet(first, "one")
      const other = { attempt: 9, leaseExpiresAt: DateTime.makeUnsafe(5) }
      yield* hasFields("replaced with others", yield* first.updateTask({ ...read, ...other }), kept)
    }),

    contractCase("a task that waits for input needs no worker, and once answered waits for one", function*({
      clock,
      first,
      second
    }) {
      yield* createIn(first, "one", "working", { lease: 1_000 })
      const asked = yield* first.requireInput("one", { a: 1 }, { attempt: 1, lease: 0 })
      yield* hasFields("asked", asked, { attempt: 1, leaseExpiresAt: 0, status: "input_required" })
      yield* clock.advance(1_000_000)
      yield* equal("while it waits", yield* second.claimableTasks(), [])
      const { record } = yield* second.provideInput("one", { a: 1 })
      yield* hasFields("answered", record, { attempt: 1, leaseExpiresAt: 0, status: "working" })
      yield* equal("once it is answered", yield* second.claimableTasks(), ["one"])
      const claimed = yield* second.claimTask("one", { lease: 1_000 })
      yield* equal("abandoned", claimed.abandoned, false)
      yield* hasFields("claimed", claimed.record, { attempt: 2, inputResponses: { a: 1 } })
      const extended = yield* second.requireInput("one", { b: 1 }, { attempt: 2, lease: 5_000 })
      yield* hasFields("asked again", extended, { leaseExpiresAt: clock.currentTimeMillisUnsafe() + 5_000 })
    }),

    contractCase("a lease of any length is kept", function*({ clock, first, second }) {
      const longest = Number.MAX_SAFE_INTEGER
      const created = yield* createIn(first, "one", "working", { lease: longest })
      yield* equalRecord("as another process reads it", yield* mustGet(second, "one"), created)
      yield* hasFields("touched", yield* first.touchTask("one", { lease: longest }), { attempt: 1 })
      yield* clock.advance(1_000_000_000_000)
      yield* refused("another worker", second.claimTask("one", { lease: longest }), { _tag: "LeaseHeld" })
    }),

    contractCase("exactly one of many concurrent claims wins", function*({ clock, first, second }) {
      yield* createIn(first, "one", "working", { lease: 0 })
      for (let attempt = 1; attempt <= 4; attempt++) {
        const claims = yield* Effect.all(
          [first, second, first, second, first, second].map((tasks) =>
            Effect.result(tasks.claimTask("one", { lease: 100 }))
          ),
          { concurrency: "unbounded" }
        )
        const won = claims.flatMap((claim) => claim._tag === "Success" ? [claim.success.record] : [])
        yield* equal("winners", won.length, 1)
        for (const claim of claims) {
          if (claim._tag === "Failure") {
            yield* refused("the others", Effect.fail(claim.failure), {
              _tag: "LeaseHeld",
              taskId: "one",
              remaining: 100
            })
          }
        }
        const record = yield* mustGet(second, "one")
        yield* equalRecord("the task", record, won[0])
        yield* hasFields("the task", record, { attempt, revision: 1 + attempt })
        yield* clock.advance(100)
      }
    }),

    contractCase("a claim and the heartbeat that comes late do not both succeed", function*({ clock, first, second }) {
      for (let round = 0; round < 20; round++) {
        const taskId = `task-${round}`
        yield* createIn(first, taskId, "working", { lease: 10 })
        yield* clock.advance(10)
        const [beat, claim] = yield* Effect.all(
          [
            Effect.result(first.touchTask(taskId, { attempt: 1, lease: 10 })),
            Effect.result(second.claimTask(taskId, { lease: 10 }))
          ],
          { concurrency: "unbounded" }
        )
        const outcomes = [beat, claim].map((result) => result._tag === "Success" ? "won" : result.failure._tag)
        yield* equal(
          "what became of them",
          outcomes,
          beat._tag === "Success" ? ["won", "LeaseHeld"] : ["LeaseLost", "won"]
        )
        yield* hasFields("the task", yield* mustGet(first, taskId), {
          attempt: beat._tag === "Success" ? 1 : 2,
          revision: 2
        })
      }
    })
  ]
}
