/**
 * What `storeTaskResult` and `getTaskResult` promise.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { equal, equalRecord, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, failure, mustGet, success } from "./fixtures.ts"

/**
 * @since 0.1.0
 * @category suite
 */
export const resultsGroup: ContractGroup = {
  subject: "storeTaskResult, getTaskResult",
  cases: [
    ...(["working", "input_required", "completed", "failed"] as const).map((status) =>
      contractCase(`stores an outcome while ${status}, once`, function*({ clock, first, second }) {
        yield* createIn(first, "one", status, { statusMessage: "kept" })
        yield* clock.advance(3)
        const stored = yield* second.storeTaskResult("one", failure)
        yield* hasFields("the record", stored, {
          lastUpdatedAt: clock.currentTimeMillisUnsafe(),
          result: failure,
          resultKind: "error",
          revision: 2,
          status,
          statusMessage: "kept"
        })
        yield* refused("another outcome", first.storeTaskResult("one", success), {
          _tag: "ResultAlreadyStored",
          taskId: "one"
        })
        yield* refused("the same outcome again", first.storeTaskResult("one", failure), {
          _tag: "ResultAlreadyStored",
          taskId: "one"
        })
        yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), stored)
        yield* equal("the result", Option.getOrUndefined(yield* first.getTaskResult("one")), failure)
      })
    ),

    contractCase("refuses an outcome for a cancelled task", function*({ first }) {
      const created = yield* createIn(first, "one", "cancelled")
      yield* refused("the outcome", first.storeTaskResult("one", success), {
        _tag: "TerminalState",
        taskId: "one",
        status: "cancelled"
      })
      yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
    }),

    contractCase("reports the stored result first for a cancelled task that has one", function*({ first }) {
      yield* createIn(first, "one", "working")
      yield* first.storeTaskResult("one", success)
      yield* first.updateTaskStatus("one", "cancelled")
      yield* refused("the outcome", first.storeTaskResult("one", success), {
        _tag: "ResultAlreadyStored",
        taskId: "one"
      })
    }),

    contractCase("keeps outstanding input requests", function*({ first }) {
      yield* createIn(first, "one", "input_required", { inputRequests: { a: 1 } })
      const stored = yield* first.storeTaskResult("one", success)
      yield* hasFields("the record", stored, { inputRequests: { a: 1 }, status: "input_required" })
    }),

    contractCase("gives no result where none is stored, and TaskNotFound where no task is", function*({ first }) {
      yield* createIn(first, "one", "completed")
      yield* equal("the result", Option.isNone(yield* first.getTaskResult("one")), true)
      yield* refused("a result", first.getTaskResult("none"), { _tag: "TaskNotFound", taskId: "none" })
      yield* refused("a write", first.storeTaskResult("none", success), { _tag: "TaskNotFound", taskId: "none" })
    }),

    contractCase("tells a missing task from an empty read", function*({ first }) {
      yield* equal("getTask", Option.isNone(yield* first.getTask("none")), true)
    }),

    contractCase("lets exactly one of many concurrent outcomes be stored", function*({ first, second }) {
      for (let round = 0; round < 8; round++) {
        const taskId = `task-${round}`
        yield* createIn(first, taskId, "working")
        const results = yield* Effect.all(
          [0, 1, 2, 3].flatMap((value) => [
            Effect.exit(first.storeTaskResult(taskId, { _tag: "Success", value: `first ${value}` })),
            Effect.exit(second.storeTaskResult(taskId, { _tag: "Success", value: `second ${value}` }))
          ]),
          { concurrency: "unbounded" }
        )
        const winners = results.filter((exit) => exit._tag === "Success")
        yield* equal("winners", winners.length, 1)
        yield* equalRecord("the stored task", yield* mustGet(first, taskId), winners[0]?.value)
      }
    })
  ]
}
