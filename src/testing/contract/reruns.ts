/**
 * What running a task again promises.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { plainRecord } from "../PlainRecord.ts"
import { equal, equalRecord, hasFields, holds, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, failure, mustGet, register, success, terminalStatuses, whole } from "./fixtures.ts"
import { call } from "./untyped.ts"

/**
 * @since 0.2.0
 * @category suite
 */
export const rerunsGroup: ContractGroup = {
  subject: "rerunTask",
  cases: [
    contractCase("makes a new task of the same, which waits for a worker", function*({ clock, first, second }) {
      const worker = yield* register(first)
      yield* createIn(first, "old", "working", { ...whole, worker })
      yield* first.settleTask("old", failure, { attempt: 1, failure: new Error("lost"), resultTtl: 30_000 })
      const ended = yield* mustGet(first, "old")
      yield* clock.advance(7)
      const made = yield* second.rerunTask("old", { taskId: "new" })
      const now = clock.currentTimeMillisUnsafe()
      yield* hasFields("the new task", made, {
        taskId: "new",
        status: "working",
        createdAt: now,
        lastUpdatedAt: now,
        revision: 1,
        originalMethod: whole.originalMethod,
        originalParams: whole.originalParams,
        meta: whole.meta,
        name: whole.name,
        pollInterval: whole.pollInterval,
        principal: whole.principal,
        sessionId: whole.sessionId,
        ttl: ended.ttl,
        leaseExpiresAt: 0,
        rerunOf: "old",
        attempt: undefined,
        worker: undefined,
        startedAt: undefined,
        statusMessage: undefined,
        traceparent: undefined,
        requestState: undefined,
        result: undefined,
        resultKind: undefined,
        failure: undefined,
        steps: undefined,
        rerunAs: undefined
      })
      yield* equalRecord("as another process reads it", yield* mustGet(first, "new"), made)
      yield* equal("what is free", yield* first.claimableTasks(), ["new"])
      yield* hasFields("the old task", yield* mustGet(first, "old"), {
        ...plainRecord(ended),
        revision: ended.revision + 1,
        rerunAs: "new"
      })
    }),

    ...terminalStatuses.map((status) =>
      contractCase(`runs a task again that is ${status}`, function*({ clock, first, second }) {
        yield* createIn(first, "old", status)
        yield* clock.advance(1)
        const made = yield* first.rerunTask("old")
        yield* hasFields("the new task", made, { status: "working", rerunOf: "old" })
        yield* hasFields("the old task", yield* mustGet(second, "old"), { status, rerunAs: made.taskId, revision: 2 })
        const [old, listed] = (yield* second.listTaskSummaries()).tasks
        yield* equal("the old one in a list", old?.rerunAs, made.taskId)
        yield* equal("the new one in a list", listed?.rerunOf, "old")
      })
    ),

    ...(["working", "input_required"] as const).map((status) =>
      contractCase(`refuses a task that is ${status}`, function*({ first, second }) {
        const created = yield* createIn(first, "one", status)
        yield* refused("rerunTask", second.rerunTask("one", { again: true }), {
          _tag: "TaskNotEnded",
          taskId: "one",
          status
        })
        yield* equalRecord("the task", yield* mustGet(first, "one"), created)
        yield* equal("tasks", yield* first.taskCount(), 1)
      })
    ),

    contractCase("refuses a second time, unless that is meant", function*({ first, second }) {
      yield* createIn(first, "old", "failed")
      yield* first.rerunTask("old", { taskId: "new" })
      const refusal = { _tag: "TaskAlreadyRerun", taskId: "old", rerunAs: "new" } as const
      yield* refused("a second time", second.rerunTask("old"), refusal)
      yield* first.deleteTask("new")
      yield* refused("though the new one is gone", second.rerunTask("old", { again: false }), refusal)
      yield* second.rerunTask("old", { again: true, taskId: "newer" })
      yield* hasFields("the old task", yield* mustGet(first, "old"), { rerunAs: "newer", revision: 3 })
      yield* first.settleTask("newer", failure)
      yield* first.rerunTask("newer", { taskId: "newest" })
      yield* hasFields("a rerun of a rerun", yield* mustGet(second, "newer"), { rerunOf: "old", rerunAs: "newest" })
    }),

    contractCase("lets one of many have it", function*({ first, second }) {
      yield* createIn(first, "old", "failed", { originalParams: { name: "x" } })
      const exits = yield* Effect.forEach(
        Array.from({ length: 8 }, (_, index) => index),
        (index) => Effect.result((index % 2 === 0 ? first : second).rerunTask("old")),
        { concurrency: "unbounded" }
      )
      const made = exits.flatMap((exit) => exit._tag === "Success" ? [exit.success.taskId] : [])
      yield* equal("how many succeeded", made.length, 1)
      yield* equal(
        "the others",
        new Set(exits.flatMap((exit) => exit._tag === "Failure" ? [exit.failure._tag] : [])),
        new Set(["TaskAlreadyRerun"])
      )
      yield* hasFields("the old task", yield* mustGet(second, "old"), { rerunAs: made[0], revision: 2 })
      yield* equal("tasks", yield* first.taskCount(), 2)
    }),

    contractCase("takes the steps along if wanted", function*({ first, second }) {
      yield* createIn(first, "old", "working", { steps: { one: 1 } })
      yield* first.storeTaskStep("old", "two", [2])
      yield* first.updateTaskStatus("old", "cancelled")
      const made = yield* second.rerunTask("old", { steps: true })
      yield* equal("steps", made.steps, { one: 1, two: [2] })
      yield* equalRecord("as it is read", yield* mustGet(first, made.taskId), made)
    }),

    contractCase("stores nothing where there is no room, and ties nothing", function*({ first, second }) {
      const ended = yield* createIn(first, "old", "failed", { sessionId: "session-1" })
      yield* createIn(first, "other", "working")
      yield* refused("a taken id", first.rerunTask("old", { taskId: "other" }), {
        _tag: "TaskAlreadyExists",
        taskId: "other"
      })
      yield* refused("its own id", first.rerunTask("old", { taskId: "old" }), {
        _tag: "TaskAlreadyExists",
        taskId: "old"
      })
      yield* refused("a full storage", second.rerunTask("old"), { _tag: "MaxTasksReached", scope: "storage", limit: 2 })
      yield* equalRecord("the old task", yield* mustGet(second, "old"), ended)
      yield* first.deleteTask("other")
      yield* second.rerunTask("old", { taskId: "new" })
      yield* hasFields("the old task then", yield* mustGet(first, "old"), { rerunAs: "new" })
    }, { maxTasks: 2 }),

    contractCase("takes the place of an expired task", function*({ clock, first, second }) {
      yield* createIn(first, "old", "failed")
      yield* createIn(first, "gone", "failed", { ttl: 5 })
      yield* first.rerunTask("gone", { taskId: "gone-again" })
      yield* clock.advance(5)
      const made = yield* second.rerunTask("old", { taskId: "gone" })
      yield* hasFields("the new task", made, { rerunOf: "old", rerunAs: undefined })
      yield* equalRecord("as it is read", yield* mustGet(first, "gone"), made)
      const created = yield* second.rerunTask("old", { again: true, taskId: "gone-again" })
      yield* hasFields("in another place", created, { taskId: "gone-again", rerunOf: "old" })
    }),

    contractCase("shows nothing of another session, and no expired task", function*({ clock, first, second }) {
      yield* createIn(first, "theirs", "failed", { sessionId: "session-1" })
      yield* createIn(first, "gone", "failed", { ttl: 5 })
      yield* clock.advance(5)
      for (
        const [name, attempt] of [
          ["another session", second.forSession("session-2").rerunTask("theirs")],
          ["no session", second.forSession(null).rerunTask("theirs")]
        ] as const
      ) {
        yield* refused(name, attempt, { _tag: "TaskNotFound", taskId: "theirs" })
      }
      yield* refused("expired", second.rerunTask("gone"), { _tag: "TaskNotFound", taskId: "gone" })
      const made = yield* second.forSession("session-1").rerunTask("theirs")
      yield* hasFields("of its session", made, { sessionId: "session-1" })
    }),

    contractCase("keeps to the longest ttl of the layer", function*({ first }) {
      yield* createIn(first, "old", "failed")
      yield* hasFields("the old task", yield* mustGet(first, "old"), { ttl: 1_000 })
      yield* hasFields("the new task", yield* first.rerunTask("old"), { ttl: 1_000 })
    }, { maxTtl: 1_000 }),

    contractCase("keeps the tie through writes of either task", function*({ first, second }) {
      yield* createIn(first, "old", "failed")
      yield* first.rerunTask("old", { taskId: "new" })
      const old = yield* mustGet(second, "old")
      yield* second.updateTask({ ...old, rerunAs: "other", rerunOf: "another", statusMessage: "looked at" })
      yield* hasFields("a replacement of the old one", yield* mustGet(first, "old"), {
        rerunAs: "new",
        rerunOf: undefined,
        statusMessage: "looked at"
      })
      yield* first.claimTask("new", { lease: 10 })
      const settled = yield* first.settleTask("new", success, { attempt: 1 })
      yield* hasFields("the new one at its end", settled, { rerunOf: "old" })
    }),

    contractCase("refuses wrong options", function*({ first }) {
      yield* createIn(first, "old", "failed")
      for (
        const [field, options] of [
          ["again", { again: 1 }],
          ["again", { again: null }],
          ["steps", { steps: "yes" }],
          ["options.taskId", { taskId: "" }],
          ["agin", { agin: true }],
          ["options", null]
        ] as const
      ) {
        yield* refused(JSON.stringify(options), call(first.rerunTask, "old", options), { _tag: "InvalidInput", field })
      }
      yield* refused("no id", call(first.rerunTask, ""), { _tag: "InvalidInput", field: "taskId" })
      yield* holds("nothing is stored", (yield* first.taskCount()) === 1)
    })
  ]
}
