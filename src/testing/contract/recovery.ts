/**
 * What `recoverStuckTasks` promises.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { activeStatuses } from "../../domain/task/TaskStatus.ts"
import { equal, equalRecord, hasFields, holds } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, failure, moreThanOneStep, mustGet, success, terminalStatuses } from "./fixtures.ts"

/**
 * @since 0.1.0
 * @category suite
 */
export const recoveryGroup: ContractGroup = {
  subject: "recoverStuckTasks",
  cases: [
    ...activeStatuses.map((status) =>
      contractCase(
        `fails a task that is ${status} and older, with an error as its outcome`,
        function*({ clock, first, second }) {
          yield* createIn(first, "one", status, {
            inputRequests: { a: 1 },
            inputResponses: { b: 1 },
            meta: { kept: 1 },
            statusMessage: "old"
          })
          yield* clock.advance(1_001)
          yield* equal("recovered", yield* second.recoverStuckTasks("1 second"), ["one"])
          const record = yield* mustGet(first, "one")
          yield* hasFields("the task", record, {
            inputRequests: undefined,
            inputResponses: { b: 1 },
            lastUpdatedAt: clock.currentTimeMillisUnsafe(),
            meta: { kept: 1 },
            resultKind: "error",
            revision: 2,
            status: "failed"
          })
          const { result, statusMessage } = record
          yield* equal("the outcome", result, { _tag: "Error", code: -32603, message: statusMessage })
          yield* holds("the message gives a reason", statusMessage !== undefined && statusMessage.length > 10)
          yield* equal("recovered again", yield* second.recoverStuckTasks("1 second"), [])
        }
      )
    ),

    contractCase("leaves a task that is not older, to the millisecond", function*({ clock, first }) {
      const created = yield* createIn(first, "one", "working")
      yield* clock.advance(1_000)
      yield* equal("recovered", yield* first.recoverStuckTasks("1 second"), [])
      yield* equalRecord("the task", yield* mustGet(first, "one"), created)
      yield* first.touchTask("one")
      yield* clock.advance(1_000)
      yield* equal("after a touch", yield* first.recoverStuckTasks("1 second"), [])
      yield* clock.advance(1)
      yield* equal("at last", yield* first.recoverStuckTasks("1 second"), ["one"])
    }),

    contractCase(
      "takes a maxAge of nothing: whatever was last written before this millisecond",
      function*({ clock, first }) {
        yield* createIn(first, "one", "working")
        yield* equal("the same millisecond", yield* first.recoverStuckTasks(0), [])
        yield* clock.advance(1)
        yield* equal("the next millisecond", yield* first.recoverStuckTasks(0), ["one"])
      }
    ),

    contractCase("gives a task with a stored outcome the status that it implies", function*({ clock, first }) {
      yield* createIn(first, "completes", "working", { statusMessage: "kept" })
      yield* first.storeTaskResult("completes", success)
      yield* createIn(first, "fails", "input_required", { inputRequests: { a: 1 }, statusMessage: "kept" })
      yield* first.storeTaskResult("fails", failure)
      yield* clock.advance(2_000)
      const recovered = yield* first.recoverStuckTasks("1 second")
      yield* equal("recovered", recovered.toSorted(), ["completes", "fails"])
      yield* hasFields("the success", yield* mustGet(first, "completes"), {
        lastUpdatedAt: clock.currentTimeMillisUnsafe(),
        result: success,
        resultKind: "success",
        revision: 3,
        status: "completed",
        statusMessage: "kept"
      })
      yield* hasFields("the error", yield* mustGet(first, "fails"), {
        inputRequests: undefined,
        result: failure,
        resultKind: "error",
        revision: 3,
        status: "failed",
        statusMessage: "kept"
      })
    }),

    contractCase("never touches a terminal or an expired task", function*({ clock, first }) {
      for (const status of terminalStatuses) yield* createIn(first, status, status)
      yield* createIn(first, "expired", "working", { ttl: 500 })
      yield* clock.advance(2_000)
      yield* equal("recovered", yield* first.recoverStuckTasks("1 second"), [])
      for (const status of terminalStatuses) {
        yield* hasFields(status, yield* mustGet(first, status), { revision: 1, result: undefined, status })
      }
    }),

    contractCase("recovers the statuses that are named", function*({ clock, first }) {
      yield* createIn(first, "works", "working")
      yield* createIn(first, "waits", "input_required")
      yield* clock.advance(2_000)
      yield* equal("working", yield* first.recoverStuckTasks("1 second", { statuses: ["working"] }), ["works"])
      yield* hasFields("the other", yield* mustGet(first, "waits"), { revision: 1, status: "input_required" })
      const waiting = yield* first.recoverStuckTasks("1 second", { statuses: ["input_required"] })
      yield* equal("input_required", waiting, ["waits"])
    }),

    contractCase("recovers tasks of all sessions, and more than a batch holds", function*({ clock, first }) {
      for (let index = 0; index < moreThanOneStep; index++) {
        yield* createIn(first, `task-${index}`, "working", index % 2 === 0 ? {} : { sessionId: `s${index % 3}` })
      }
      yield* clock.advance(2_000)
      const recovered = yield* first.recoverStuckTasks("1 second")
      yield* equal("recovered", new Set(recovered).size, moreThanOneStep)
      yield* equal("each is told once", recovered.length, moreThanOneStep)
    }),

    contractCase("is not done by anything but a call", function*({ clock, first, second }) {
      const created = yield* createIn(first, "one", "working")
      yield* clock.advance(10_000_000_000)
      yield* second.maintenance()
      yield* equalRecord("the task", yield* mustGet(second, "one"), created)
    }),

    contractCase(
      "never undoes a write that raced it, and tells exactly what it wrote",
      function*({ clock, first, second }) {
        const ids = Array.from({ length: 20 }, (_, index) => `task-${String(index).padStart(2, "0")}`)
        for (const taskId of ids) yield* createIn(first, taskId, "working")
        yield* clock.advance(2_000)
        const [settled, one, two] = yield* Effect.all(
          [
            Effect.forEach(
              ids,
              (taskId, index) =>
                Effect.exit(index % 3 === 0 ? second.touchTask(taskId) : second.settleTask(taskId, success)),
              {
                concurrency: "unbounded"
              }
            ),
            first.recoverStuckTasks("1 second"),
            second.recoverStuckTasks("1 second")
          ],
          { concurrency: "unbounded" }
        )
        const recovered = [...one, ...two]
        yield* equal("told twice", recovered.length - new Set(recovered).size, 0)
        for (const [index, taskId] of ids.entries()) {
          const won = settled[index]?._tag === "Success"
          yield* equal(`${taskId} is recovered or was written`, recovered.includes(taskId), !won)
          yield* hasFields(taskId, yield* mustGet(first, taskId), {
            revision: 2,
            status: won ? index % 3 === 0 ? "working" : "completed" : "failed"
          })
        }
      }
    )
  ]
}
