/**
 * What `deleteTask` and `taskCount` promise.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { taskStatuses } from "../../domain/task/TaskStatus.ts"
import { equal, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, mustGet, success, tool } from "./fixtures.ts"

/**
 * @since 0.1.0
 * @category suite
 */
export const deletesGroup: ContractGroup = {
  subject: "deleteTask, taskCount",
  cases: [
    contractCase("removes a task in any status, once, for every process", function*({ first, second }) {
      for (const status of taskStatuses) {
        yield* createIn(first, "one", status)
        yield* equal("the first time", yield* second.deleteTask("one"), true)
        yield* equal("the second time", yield* first.deleteTask("one"), false)
        yield* equal("the task", Option.isNone(yield* first.getTask("one")), true)
        yield* equal("the list", (yield* second.listTasks()).tasks.length, 0)
        yield* refused("its result", first.getTaskResult("one"), { _tag: "TaskNotFound", taskId: "one" })
      }
    }),

    contractCase("frees the id for a task that has nothing of the old one", function*({ first, second }) {
      yield* createIn(first, "one", "input_required", { inputRequests: { a: 1 }, meta: { old: 1 }, sessionId: "s" })
      yield* first.settleTask("one", success)
      yield* first.deleteTask("one")
      const created = yield* second.createTask({ ...tool, taskId: "one" })
      yield* hasFields("the new task", yield* mustGet(first, "one"), {
        inputRequests: undefined,
        meta: undefined,
        result: undefined,
        resultKind: undefined,
        revision: 1,
        sessionId: undefined,
        status: "working"
      })
      yield* equal("the key that the old one used", (yield* first.requireInput(created.taskId, { a: 1 })).revision, 2)
    }),

    contractCase("removes for exactly one of many concurrent callers", function*({ first, second }) {
      for (let round = 0; round < 4; round++) {
        yield* createIn(first, "one", "working")
        const removed = yield* Effect.all(
          [first, second, first, second].map((tasks) => tasks.deleteTask("one")),
          { concurrency: "unbounded" }
        )
        yield* equal("callers that removed it", removed.filter((did) => did).length, 1)
      }
    }),

    contractCase("counts the tasks that are there", function*({ first, second }) {
      yield* equal("none", yield* first.taskCount(), 0)
      for (const status of taskStatuses) yield* createIn(first, status, status)
      yield* equal("all", yield* second.taskCount(), taskStatuses.length)
      yield* first.deleteTask("failed")
      yield* equal("one less", yield* second.taskCount(), taskStatuses.length - 1)
    })
  ]
}
