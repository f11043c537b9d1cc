/**
 * What `updateTask`, the full replacement, promises.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { taskStatuses } from "../../domain/task/TaskStatus.ts"
import { equal, equalRecord, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, failure, mustGet, success } from "./fixtures.ts"

const later = DateTime.makeUnsafe("2027-01-01T00:00:00.000Z")

/**
 * @since 0.1.0
 * @category suite
 */
export const updateGroup: ContractGroup = {
  subject: "updateTask",
  cases: [
    contractCase("replaces every field and derives the rest", function*({ clock, first, second }) {
      const created = yield* createIn(first, "one", "working", {
        meta: { old: 1 },
        originalParams: { old: 1 },
        pollInterval: 5,
        principal: { user: "old" },
        sessionId: "session-1",
        statusMessage: "old",
        ttl: 50_000
      })
      yield* clock.advance(4)
      const { meta: _, pollInterval: __, statusMessage: ___, ...rest } = created
      const updated = yield* second.updateTask({
        ...rest,
        status: "input_required",
        lastUpdatedAt: later,
        originalMethod: "new",
        originalParams: [1],
        inputRequests: { a: 1 },
        inputResponses: { b: 1 },
        requestState: "state",
        principal: { user: "new" },
        steps: { new: 1 },
        result: failure,
        resultKind: "success",
        ttl: null
      })
      yield* equal(
        "the record",
        { ...updated, createdAt: 0, lastUpdatedAt: 0 },
        { ...yield* mustGet(first, "one"), createdAt: 0, lastUpdatedAt: 0 }
      )
      yield* hasFields("the record", updated, {
        createdAt: created.createdAt.epochMilliseconds,
        inputRequests: { a: 1 },
        inputResponses: { b: 1 },
        lastUpdatedAt: clock.currentTimeMillisUnsafe(),
        meta: undefined,
        originalMethod: "new",
        originalParams: [1],
        pollInterval: undefined,
        principal: { user: "new" },
        requestState: "state",
        result: failure,
        resultKind: "error",
        revision: 2,
        sessionId: "session-1",
        status: "input_required",
        statusMessage: undefined,
        steps: { new: 1 },
        ttl: null
      })
      const { principal: ____, steps: _____, ...less } = updated
      yield* hasFields("without them", yield* first.updateTask(less), { principal: undefined, steps: undefined })
    }),

    ...taskStatuses.flatMap((from) =>
      taskStatuses.map((to) =>
        contractCase(`follows the state machine from ${from} to ${to}`, function*({ first }) {
          const created = yield* createIn(first, "one", from)
          const attempt = first.updateTask({ ...created, status: to, statusMessage: "written" })
          const ended = from !== "working" && from !== "input_required"
          if (from === to || !ended) {
            yield* hasFields("the record", yield* attempt, { revision: 2, status: to, statusMessage: "written" })
          } else {
            yield* refused("the replacement", attempt, { _tag: "TerminalState", taskId: "one", status: from })
            yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
          }
        })
      )
    ),

    contractCase("clears outstanding input requests when it ends a task", function*({ first }) {
      const created = yield* createIn(first, "one", "input_required", { inputRequests: { a: 1 } })
      const ended = yield* first.updateTask({ ...created, status: "failed" })
      yield* hasFields("the record", ended, { inputRequests: undefined, status: "failed" })
    }),

    contractCase("adds a result to a task that has none, except to a cancelled one", function*({ first }) {
      for (const status of ["working", "completed", "failed"] as const) {
        const created = yield* createIn(first, status, status)
        const updated = yield* first.updateTask({ ...created, result: success })
        yield* hasFields("the record", updated, { result: success, resultKind: "success", status })
      }
      const cancelled = yield* createIn(first, "cancelled", "cancelled")
      yield* refused("a result", first.updateTask({ ...cancelled, result: success }), {
        _tag: "TerminalState",
        taskId: "cancelled",
        status: "cancelled"
      })
    }),

    contractCase("settles a task when it brings status and result together", function*({ first }) {
      const created = yield* createIn(first, "one", "working")
      const updated = yield* first.updateTask({ ...created, status: "completed", result: success })
      yield* hasFields("the record", updated, { result: success, resultKind: "success", status: "completed" })
    }),

    contractCase("never changes or loses a stored result", function*({ first }) {
      yield* createIn(first, "one", "working")
      const stored = yield* first.storeTaskResult("one", success)
      const { result: _, ...without } = stored
      const refusal = { _tag: "ResultAlreadyStored", taskId: "one" } as const
      yield* refused("another result", first.updateTask({ ...stored, result: failure }), refusal)
      yield* refused("no result", first.updateTask(without), refusal)
      yield* refused("no result, and an end", first.updateTask({ ...without, status: "failed" }), refusal)
      const same = yield* first.updateTask({ ...stored, status: "completed" })
      yield* hasFields("the same result", same, { result: success, status: "completed" })
    }),

    contractCase("refuses a record that someone else wrote meanwhile", function*({ first, second }) {
      const read = yield* createIn(first, "one", "working")
      const touched = yield* second.touchTask("one")
      yield* refused("the old revision", first.updateTask({ ...read, statusMessage: "lost" }), {
        _tag: "ConcurrentModification",
        taskId: "one",
        expected: 1,
        actual: 2
      })
      yield* refused("a future revision", first.updateTask({ ...read, revision: 9 }), {
        _tag: "ConcurrentModification",
        taskId: "one",
        expected: 9,
        actual: 2
      })
      yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), touched)
    }),

    contractCase("refuses a changed creation time or session", function*({ first }) {
      const bound = yield* createIn(first, "one", "working", { sessionId: "session-1" })
      const { sessionId: _, ...unbound } = bound
      yield* refused("createdAt", first.updateTask({ ...bound, createdAt: later }), {
        _tag: "InvalidInput",
        field: "createdAt"
      })
      yield* refused("another session", first.updateTask({ ...bound, sessionId: "session-2" }), {
        _tag: "InvalidInput",
        field: "sessionId"
      })
      yield* refused("no session", first.updateTask(unbound), { _tag: "InvalidInput", field: "sessionId" })
      yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), bound)
    }),

    contractCase("reports the first of several reasons", function*({ first }) {
      yield* createIn(first, "one", "working")
      const stored = yield* first.settleTask("one", success)
      const wrong = { ...stored, createdAt: later, revision: 9, result: failure, status: "cancelled" } as const
      yield* refused("the creation time", first.updateTask(wrong), { _tag: "InvalidInput", field: "createdAt" })
      const { createdAt } = stored
      yield* refused("the revision", first.updateTask({ ...wrong, createdAt }), { _tag: "ConcurrentModification" })
      const { revision } = stored
      yield* refused("the result", first.updateTask({ ...wrong, createdAt, revision }), {
        _tag: "ResultAlreadyStored"
      })
      const { result } = stored
      yield* refused("the status", first.updateTask({ ...stored, result: result ?? success, status: "cancelled" }), {
        _tag: "TerminalState"
      })
    }),

    contractCase("tells that a task is missing", function*({ first }) {
      const created = yield* createIn(first, "one", "working")
      yield* first.deleteTask("one")
      yield* refused("the replacement", first.updateTask(created), { _tag: "TaskNotFound", taskId: "one" })
    }),

    contractCase("lets exactly one of many concurrent replacements win", function*({ first, second }) {
      for (let round = 0; round < 4; round++) {
        const read = yield* createIn(first, `task-${round}`, "working")
        const results = yield* Effect.all(
          [first, second, first, second, first, second].map((tasks, index) =>
            Effect.exit(tasks.updateTask({ ...read, statusMessage: `writer ${index}` }))
          ),
          { concurrency: "unbounded" }
        )
        const winners = results.filter((exit) => exit._tag === "Success")
        yield* equal("winners", winners.length, 1)
        yield* equalRecord("the stored task", yield* mustGet(first, read.taskId), winners[0]?.value)
      }
    })
  ]
}
