/**
 * What is promised of `failure`: what really went wrong, for the operator, written together with the outcome.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import { textBytes } from "../model/ModelState.ts"
import { equal, equalRecord, hasFields, holds, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, failure, mustGet, success } from "./fixtures.ts"
import { call } from "./untyped.ts"

const toolError = { _tag: "Success", value: { isError: true, content: [] } } as const

/**
 * @since 0.2.0
 * @category suite
 */
export const failuresGroup: ContractGroup = {
  subject: "failures",
  cases: [
    contractCase("writes what went wrong together with the outcome", function*({ clock, first, second }) {
      const error = new TypeError("x is not a function")
      yield* createIn(first, "one", "working")
      yield* createIn(first, "two", "working")
      yield* createIn(first, "three", "failed")
      yield* clock.advance(5)
      const at = clock.currentTimeMillisUnsafe()
      const { message, name, stack } = error
      const settled = yield* first.settleTask("one", failure, { failure: error })
      yield* hasFields("an error", settled, { failure: { at, message, name, stack }, result: failure })
      yield* equalRecord("as another process reads it", yield* mustGet(second, "one"), settled)
      const bare = yield* second.settleTask("two", toolError, { failure: { name: "Lost", message: "no stack" } })
      yield* hasFields("a tool error", bare, { failure: { at, message: "no stack", name: "Lost" }, result: toolError })
      yield* equalRecord("as another process reads it", yield* mustGet(first, "two"), bare)
      const stored = yield* first.storeTaskResult("three", failure, { failure: error })
      yield* hasFields("stored with a result", stored, { failure: { at, message, name, stack }, result: failure })
      const { tasks } = yield* second.listTaskSummaries()
      const failures = tasks.toSorted((left, right) => left.taskId < right.taskId ? -1 : 1).map((task) => task.failure)
      yield* equal("in summaries, without the stack", failures.map((failure) => ({ ...failure, at: undefined })), [
        { name, message, at: undefined },
        { name, message, at: undefined },
        { name: "Lost", message: "no stack", at: undefined }
      ])
    }),

    contractCase("cuts what went wrong to 16 KiB, of the stack first", function*({ first, second }) {
      const cases = [
        ["long stack", "short", "\ud83d\ude00".repeat(5_000)],
        ["long message", "m".repeat(20_000), undefined],
        ["both", "m".repeat(20_000), "\u0000".repeat(20_000)],
        ["short stack", "\ud800".repeat(20_000), "at work"]
      ] as const
      for (const [taskId, message, stack] of cases) {
        yield* createIn(first, taskId, "working")
        const settled = yield* first.settleTask(taskId, failure, {
          failure: { name: "n".repeat(9_000), message, stack }
        })
        yield* equalRecord("as another process reads it", yield* mustGet(second, taskId), settled)
        const found = settled.failure
        const kept = { name: found?.name ?? "", message: found?.message ?? "", stack: found?.stack ?? "" }
        yield* holds(`${taskId} takes ${textBytes(kept)} bytes`, textBytes(kept) <= 16_384 && textBytes(kept) > 16_000)
        yield* holds("the name is cut", kept.name.length > 0 && "n".repeat(9_000).startsWith(kept.name))
        yield* holds("the message is cut", kept.message.length > 1_000 || kept.message === message)
        yield* holds("at its end", message.startsWith(kept.message) && (stack ?? "").startsWith(kept.stack))
        yield* holds("between characters", !/[\ud800-\udbff]$/.test(kept.stack))
      }
    }),

    contractCase("takes a failure of any text, and nothing that is none", function*({ first, second }) {
      const texts = ["", "\u0000", "\ud800", "\udc00x", "\u{1f600}", "\"\\\n", "__proto__"]
      for (const [index, text] of texts.entries()) {
        yield* createIn(first, `task-${index}`, "working")
        const reported = { name: text, message: text, stack: text }
        const settled = yield* first.settleTask(`task-${index}`, failure, { failure: reported })
        const { message, name, stack } = settled.failure ?? {}
        yield* equal("the failure", { name, message, stack }, reported)
        yield* equalRecord("as another process reads it", yield* mustGet(second, `task-${index}`), settled)
      }
      yield* createIn(first, "one", "working")
      const hostile = {
        name: "n",
        get message(): string {
          throw new Error("never")
        }
      }
      for (
        const [bad, field] of [
          [null, "failure"],
          ["text", "failure"],
          [{}, "failure.name"],
          [{ name: "n" }, "failure.message"],
          [{ name: 1, message: "m" }, "failure.name"],
          [{ name: "n", message: "m", stack: 1 }, "failure.stack"],
          [hostile, "failure"]
        ] as const
      ) {
        yield* refused(field, call(first.settleTask, "one", failure, { failure: bad }), {
          _tag: "InvalidInput",
          field
        })
      }
      yield* hasFields("the task afterwards", yield* mustGet(first, "one"), { revision: 1, status: "working" })
    }),

    contractCase("tells of a task that was given up", function*({ clock, first, second }) {
      yield* createIn(first, "one", "working")
      yield* createIn(first, "two", "working", { lease: 1 })
      yield* createIn(first, "done", "working")
      yield* first.storeTaskResult("done", success)
      yield* clock.advance(2_000)
      const lost = yield* second.recoverStuckTasks("1 second", { leases: "expired" })
      yield* equal("lost", lost, ["two"])
      const stuck = yield* second.recoverStuckTasks("1 second")
      yield* equal("stuck", stuck.toSorted(), ["done", "one"])
      for (const taskId of ["one", "two"]) {
        const record = yield* mustGet(first, taskId)
        const failure = { at: clock.currentTimeMillisUnsafe(), message: record.statusMessage, name: "Interrupted" }
        yield* hasFields(taskId, record, { failure })
      }
      yield* hasFields("one that had its outcome", yield* mustGet(first, "done"), { failure: undefined })
    }),

    contractCase(
      "keeps what is known when nothing is said, and takes what a record says",
      function*({ first, second }) {
        yield* createIn(first, "one", "failed")
        const error = { name: "Error", message: "it broke", stack: "at work" }
        const stored = yield* first.storeTaskResult("one", failure, { failure: error })
        const replaced = yield* second.updateTask({ ...stored, meta: { a: 1 } })
        yield* equal("the failure", replaced.failure, stored.failure)
        const at = DateTime.makeUnsafe(7)
        const changed = yield* first.updateTask({ ...replaced, failure: { name: "Other", message: "m", at } })
        yield* hasFields("changed", changed, { failure: { at: 7, message: "m", name: "Other" } })
        yield* equalRecord("as another process reads it", yield* mustGet(second, "one"), changed)
        const { failure: _, ...rest } = changed
        yield* hasFields("without", yield* first.updateTask(rest), { failure: undefined })
        const created = yield* first.createTask({
          originalMethod: "m",
          status: "failed",
          failure: { ...error, at }
        })
        yield* hasFields("imported", created, {
          failure: { at: 7, message: "it broke", name: "Error", stack: "at work" }
        })
      }
    ),

    contractCase("never tells a client", function*({ first }) {
      const secret = "the password is 1234"
      yield* createIn(first, "one", "working")
      const settled = yield* first.settleTask("one", failure, {
        failure: { name: secret, message: secret, stack: secret }
      })
      const told = [settled.toTask20251125(), settled.toDetailedTask(), settled.toFinalOutcome()]
      yield* holds("a client is told nothing of it", !JSON.stringify(told).includes(secret))
    })
  ]
}
