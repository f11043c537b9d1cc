/**
 * What taking over tasks of another storage promises.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskRecord, TaskRecordFields } from "../../domain/task/TaskRecord.ts"
import { equal, equalRecord, hasFields, holds, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { bury, createIn, failure, mustGet, register, success, terminalStatuses, whole } from "./fixtures.ts"
import { call } from "./untyped.ts"

/** Moves a task to where it was: it is deleted, and taken over again. */
const move = Effect.fnUntraced(function*(storage: TaskStorageShape, record: TaskRecord) {
  yield* storage.deleteTask(record.taskId)
  yield* equal("moved", yield* storage.importTask(record), { _tag: "Imported" })
})

/**
 * @since 0.2.0
 * @category suite
 */
export const importsGroup: ContractGroup = {
  subject: "importTask",
  cases: [
    contractCase("keeps every field of a task that has ended", function*({ clock, first, second }) {
      const worker = yield* register(first)
      yield* createIn(first, "old", "working", { ...whole, worker })
      yield* clock.advance(3)
      yield* first.storeTaskStep("old", "two", [2], { attempt: 1 })
      yield* first.settleTask("old", failure, { attempt: 1, failure: new Error("lost") })
      yield* first.rerunTask("old", { taskId: "new" })
      for (const taskId of ["old", "new"]) {
        const record = yield* mustGet(second, taskId)
        yield* clock.advance(5)
        yield* move(second, record)
        yield* equalRecord(`${taskId}, as another process reads it`, yield* mustGet(first, taskId), record)
      }
      yield* refused("a second rerun", first.rerunTask("old"), { _tag: "TaskAlreadyRerun", rerunAs: "new" })
      yield* equal("what is free", yield* first.claimableTasks(), ["new"])
      yield* equal(
        "the list of the session",
        (yield* first.listTasksForSession("session-1")).tasks.map(({ taskId }) => taskId),
        ["old", "new"]
      )
      yield* equal("who holds tasks", (yield* first.listWorkers()).map(({ tasks }) => tasks), [0])
    }),

    ...terminalStatuses.map((status) =>
      contractCase(`keeps a task that is ${status}, with and without an outcome`, function*({ first, second }) {
        yield* createIn(first, "bare", status)
        yield* createIn(first, "whole", status, { result: success, ttl: 1_000 })
        for (const taskId of ["bare", "whole"]) {
          const record = yield* mustGet(first, taskId)
          yield* move(second, record)
          yield* equalRecord(taskId, yield* mustGet(first, taskId), record)
        }
      })
    ),

    contractCase("keeps a round of input, and which keys were used", function*({ first, second }) {
      yield* createIn(first, "one", "working", { lease: 0 })
      yield* first.requireInput("one", { a: { ask: 1 }, b: { ask: 2 } }, { requestState: "s" })
      yield* first.provideInput("one", { a: "answer" })
      const record = yield* mustGet(first, "one")
      yield* move(second, record)
      yield* equalRecord("the task", yield* mustGet(first, "one"), record)
      for (const key of ["a", "b"]) {
        yield* refused(key, first.requireInput("one", { [key]: 1 }), { _tag: "InputKeyReused", key })
      }
      const { complete } = yield* first.provideInput("one", { b: "answer" })
      yield* holds("the round is complete", complete)
      yield* equal("what is free", yield* second.claimableTasks(), ["one"])
    }),

    contractCase("says of a repeat that it is the same, and of another task in which fields it differs", function*({
      clock,
      first,
      second
    }) {
      const record = yield* createIn(first, "one", "working", { ...whole, lease: 0 })
      yield* equal("a repeat", yield* second.importTask(record), { _tag: "Same" })
      const other: TaskRecordFields = {
        ...record,
        originalParams: { name: "report", arguments: { a: 1, b: ["\ud800\u0000", -0.5] } },
        steps: { one: 2 },
        createdAt: DateTime.add(record.createdAt, { milliseconds: 1 })
      }
      const result = yield* second.importTask(other)
      yield* equal("another one", result._tag === "Differs" ? result.fields.toSorted() : result, [
        "createdAt",
        "originalParams",
        "steps"
      ])
      yield* equalRecord("the stored one", yield* mustGet(first, "one"), record)
      yield* clock.advance(1)
      yield* first.settleTask("one", failure, { failure: new Error("lost") })
      const since = yield* second.importTask(record)
      yield* holds("a task that went on differs", since._tag === "Differs" && since.fields.includes("status"))
      const ended = yield* mustGet(first, "one")
      const { failure: report, ...rest } = ended
      yield* holds("it has a failure", report !== undefined)
      if (report === undefined) return
      const { stack: _, ...bare } = report
      yield* equal("without a stack", yield* second.importTask({ ...rest, failure: bare }), {
        _tag: "Differs",
        fields: ["failure"]
      })
    }),

    contractCase("frees a task that a worker has, as one that was abandoned", function*({ clock, first, second }) {
      const worker = yield* register(first)
      yield* createIn(first, "held", "working", { ...whole, worker })
      const held = yield* mustGet(first, "held")
      yield* move(second, held)
      yield* clock.advance(1)
      yield* equal("who holds tasks", (yield* first.listWorkers()).map(({ tasks }) => tasks), [0])
      yield* equal("what is free", yield* first.claimableTasks(), ["held"])
      yield* equal("a repeat", yield* second.importTask(held), { _tag: "Same" })
      const { abandoned, record } = yield* first.claimTask("held", { lease: 10 })
      yield* holds("it was abandoned", abandoned)
      yield* hasFields("the claimed task", record, {
        attempt: 2,
        revision: 2,
        createdAt: held.createdAt.epochMilliseconds
      })
      yield* bury({ clock, first }, worker)
      yield* equal("what is free by a death", yield* first.claimableTasks({ leases: "released" }), [])
    }),

    contractCase("keeps a lease, a delay and what waits for a worker", function*({ clock, first, second }) {
      yield* createIn(first, "waits", "working", { lease: 0 })
      yield* createIn(first, "leased", "working", { lease: 10 })
      yield* createIn(first, "sleeps", "working", { delay: 10 })
      yield* createIn(first, "loose", "working")
      for (const taskId of ["waits", "leased", "sleeps", "loose"]) {
        const record = yield* mustGet(first, taskId)
        yield* move(second, record)
        yield* equalRecord(taskId, yield* mustGet(first, taskId), record)
      }
      yield* equal("what is free at first", yield* first.claimableTasks(), ["waits"])
      yield* clock.advance(10)
      yield* equal("what is free then", new Set(yield* first.claimableTasks()), new Set(["waits", "leased", "sleeps"]))
      for (const [taskId, abandoned] of [["waits", false], ["leased", true], ["sleeps", false]] as const) {
        const claimed = yield* second.claimTask(taskId, { lease: 10 })
        yield* equal(`whether ${taskId} was abandoned`, claimed.abandoned, abandoned)
      }
    }),

    contractCase("leaves out what has expired, and takes the place of what has", function*({ clock, first, second }) {
      const record = yield* createIn(first, "one", "failed", { ttl: 5 })
      yield* clock.advance(5)
      yield* equal("an expired one", yield* second.importTask(record), { _tag: "Expired" })
      yield* equal("tasks", yield* first.taskCount(), 0)
      const alive: TaskRecordFields = { ...record, ttl: 6 }
      yield* equal("a living one", yield* second.importTask(alive), { _tag: "Imported" })
      yield* hasFields("the task", yield* mustGet(first, "one"), { ttl: 6 })
    }),

    contractCase("stores nothing in a dry run, which tells the same", function*({ clock, first, second }) {
      const dryRun = { dryRun: true }
      const record = yield* createIn(first, "one", "failed", { ttl: 5 })
      yield* equal("a repeat", yield* second.importTask(record, dryRun), { _tag: "Same" })
      yield* equal("another one", yield* second.importTask({ ...record, revision: 7 }, dryRun), {
        _tag: "Differs",
        fields: ["revision"]
      })
      yield* first.deleteTask("one")
      yield* equal("a missing one", yield* second.importTask(record, dryRun), { _tag: "Imported" })
      yield* equal("tasks", yield* first.taskCount(), 0)
      yield* clock.advance(5)
      yield* equal("an expired one", yield* second.importTask(record, dryRun), { _tag: "Expired" })
    }),

    contractCase("stores it once, however many try", function*({ first, second }) {
      const record = yield* createIn(first, "one", "failed", whole)
      yield* first.deleteTask("one")
      const results = yield* Effect.forEach(
        [first, second, first, second, first, second],
        (storage) => storage.importTask(record),
        { concurrency: "unbounded" }
      )
      yield* equal("how many did", results.filter(({ _tag }) => _tag === "Imported").length, 1)
      yield* equal("what the others say", results.filter(({ _tag }) => _tag === "Same").length, 5)
      yield* equalRecord("the task", yield* mustGet(second, "one"), record)
    }),

    contractCase("keeps to the limits of the layer on tasks", function*({ first, second }) {
      const one = yield* createIn(first, "one", "failed", { sessionId: "s" })
      const three = yield* createIn(first, "three", "failed")
      yield* first.deleteTask("one")
      yield* first.deleteTask("three")
      yield* createIn(first, "two", "failed", { sessionId: "s" })
      yield* refused("in a full session", second.importTask(one), {
        _tag: "MaxTasksReached",
        scope: "session",
        limit: 1
      })
      const { sessionId: _, ...free } = one
      yield* equal("of no session", yield* second.importTask(free), { _tag: "Imported" })
      yield* refused("in a full storage", second.importTask(three), {
        _tag: "MaxTasksReached",
        scope: "storage",
        limit: 2
      })
      yield* equal("a repeat there", yield* second.importTask(free), { _tag: "Same" })
    }, { maxTasks: 2, maxTasksPerSession: 1 }),

    contractCase("keeps to the limits of the layer on payloads", function*({ first }) {
      const record = yield* createIn(first, "one", "failed")
      yield* first.deleteTask("one")
      const large: TaskRecordFields = { ...record, originalParams: "x".repeat(200) }
      yield* refused("large content", first.importTask(large), { _tag: "PayloadTooLarge", limit: 100 })
      const outcome: TaskRecordFields = { ...record, result: { _tag: "Success", value: "x".repeat(200) } }
      yield* refused("a large outcome", first.importTask(outcome), { _tag: "PayloadTooLarge", limit: 100 })
      yield* equal("tasks", yield* first.taskCount(), 0)
    }, { maxPayloadBytes: { content: 100, outcome: 100 } }),

    contractCase("does not cut a ttl, nor adds one", function*({ first, second }) {
      const record = yield* createIn(first, "one", "failed", { ttl: 500 })
      yield* first.deleteTask("one")
      for (const ttl of [5_000, null]) {
        const { pollInterval: _, ...rest } = record
        yield* second.importTask({ ...rest, ttl })
        yield* hasFields("the task", yield* mustGet(first, "one"), { ttl, pollInterval: undefined })
        yield* first.deleteTask("one")
      }
    }, { defaultPollInterval: 100, defaultTtl: 300, maxTtl: 1_000 }),

    contractCase("refuses what is no task", function*({ first }) {
      const record = yield* createIn(first, "one", "working")
      yield* first.deleteTask("one")
      const { createdAt: _, ...timeless } = record
      for (
        const [field, wrong] of [
          ["record", null],
          ["record", "one"],
          ["taskId", { ...record, taskId: "" }],
          ["sessionId", { ...record, sessionId: 1 }],
          ["status", { ...record, status: "broken" }],
          ["status", { ...record, status: undefined }],
          ["createdAt", timeless],
          ["lastUpdatedAt", { ...record, lastUpdatedAt: "2026-01-02T03:04:05.678Z" }],
          ["revision", { ...record, revision: 0 }],
          ["attempt", { ...record, attempt: -1 }],
          ["worker", { ...record, worker: "" }],
          ["startedAt", { ...record, startedAt: 1 }],
          ["leaseExpiresAt", { ...record, leaseExpiresAt: DateTime.makeUnsafe(-1) }],
          ["leaseExpiresAt", { ...record, leaseExpiresAt: DateTime.makeUnsafe(8.64e15) }],
          ["rerunOf", { ...record, rerunOf: 1 }],
          ["rerunAs", { ...record, rerunAs: "" }],
          ["ttl", { ...record, ttl: 0 }],
          ["meta", { ...record, meta: [] }],
          ["result", { ...record, result: { _tag: "Success" } }],
          ["originalParam", { ...record, originalParam: 1 }]
        ] as const
      ) {
        const attempt = call(first.importTask, wrong)
        const reported = field === "result" ? "result.value" : field
        yield* refused(field, attempt, { _tag: "InvalidInput", field: reported })
      }
      yield* refused("a dry run", call(first.importTask, record, { dryRun: "yes" }), {
        _tag: "InvalidInput",
        field: "dryRun"
      })
      yield* refused("an option", call(first.importTask, record, { dry: true }), { _tag: "InvalidInput", field: "dry" })
      yield* equal("tasks", yield* first.taskCount(), 0)
    })
  ]
}
