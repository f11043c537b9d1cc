/**
 * What `settleTask` promises.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { activeStatuses } from "../../domain/task/TaskStatus.ts"
import { equal, equalRecord, hasFields, holds, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, failure, mustGet, success, terminalStatuses } from "./fixtures.ts"

const toolError = { _tag: "Success", value: { isError: true, content: [] } } as const

/**
 * @since 0.1.0
 * @category suite
 */
export const settleGroup: ContractGroup = {
  subject: "settleTask",
  cases: [
    ...activeStatuses.map((from) =>
      contractCase(`writes outcome and status together out of ${from}`, function*({ clock, first, second }) {
        const cases = [
          { outcome: success, status: "completed", resultKind: "success" },
          { outcome: toolError, status: "completed", resultKind: "tool_error" },
          { outcome: failure, status: "failed", resultKind: "error" }
        ] as const
        for (const { outcome, resultKind, status } of cases) {
          const taskId = `${from}-${resultKind}`
          yield* createIn(first, taskId, from, {
            inputRequests: { a: 1 },
            inputResponses: { b: 2 },
            statusMessage: "kept"
          })
          yield* clock.advance(3)
          const settled = yield* second.settleTask(taskId, outcome)
          yield* hasFields("the record", settled, {
            inputRequests: undefined,
            inputResponses: { b: 2 },
            lastUpdatedAt: clock.currentTimeMillisUnsafe(),
            result: outcome,
            resultKind,
            revision: 2,
            status,
            statusMessage: "kept"
          })
          yield* equalRecord("as another process reads it", yield* mustGet(first, taskId), settled)
        }
      })
    ),

    contractCase("takes the status that is named", function*({ first }) {
      yield* createIn(first, "one", "working")
      const failed = yield* first.settleTask("one", success, { status: "failed" })
      yield* hasFields("a failed success", failed, { result: success, status: "failed" })
      yield* createIn(first, "two", "working")
      const completed = yield* first.settleTask("two", failure, { status: "completed" })
      yield* hasFields("a completed error", completed, { result: failure, status: "completed" })
    }),

    contractCase("keeps, clears or replaces the status message", function*({ first }) {
      const options = [[undefined, "old"], [null, undefined], ["new", "new"]] as const
      for (const [statusMessage, expected] of options) {
        const taskId = String(statusMessage)
        yield* createIn(first, taskId, "working", { statusMessage: "old" })
        const settled = yield* first.settleTask(taskId, success, { statusMessage })
        yield* hasFields("the record", settled, { statusMessage: expected })
      }
    }),

    ...terminalStatuses.map((status) =>
      contractCase(`refuses a task that is ${status}`, function*({ first }) {
        const created = yield* createIn(first, "one", status)
        yield* refused("an outcome", first.settleTask("one", success, { statusMessage: "late" }), {
          _tag: "TerminalState",
          taskId: "one",
          status
        })
        yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
      })
    ),

    contractCase("refuses a second outcome, before it looks at the status", function*({ first }) {
      yield* createIn(first, "one", "working")
      const stored = yield* first.storeTaskResult("one", success)
      yield* refused("while working", first.settleTask("one", failure), { _tag: "ResultAlreadyStored", taskId: "one" })
      yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), stored)
      yield* createIn(first, "two", "working")
      yield* first.settleTask("two", failure)
      yield* refused("when terminal", first.settleTask("two", failure), { _tag: "ResultAlreadyStored", taskId: "two" })
    }),

    contractCase("tells that a task is missing", function*({ first }) {
      yield* refused("a missing task", first.settleTask("none", success), { _tag: "TaskNotFound", taskId: "none" })
    }),

    contractCase("never shows an outcome without its status, nor the other way round", function*({ first, second }) {
      for (let round = 0; round < 8; round++) {
        const taskId = `task-${round}`
        yield* createIn(first, taskId, "working")
        const [, , seen] = yield* Effect.all(
          [
            Effect.exit(first.settleTask(taskId, success)),
            Effect.exit(second.updateTaskStatus(taskId, "cancelled")),
            Effect.forEach(Array.from({ length: 10 }), () => Effect.andThen(Effect.yieldNow, mustGet(second, taskId)))
          ],
          { concurrency: "unbounded" }
        )
        for (const record of [...seen, yield* mustGet(first, taskId)]) {
          yield* holds(
            `a task that is ${record.status} and has ${record.result === undefined ? "no" : "an"} outcome was settled`,
            (record.status === "completed") === (record.result !== undefined)
          )
        }
        const result = yield* first.getTaskResult(taskId)
        const { status } = yield* mustGet(first, taskId)
        yield* equal("an outcome", Option.isSome(result), status === "completed")
      }
    })
  ]
}
