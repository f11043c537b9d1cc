/**
 * What sessions promise: a task of another session is like one that does not exist.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { SessionTasks } from "../../domain/service/TaskOperations.ts"
import { equal, equalRecord, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, mustGet, success, tool } from "./fixtures.ts"

const sessions = ["session-1", "session-2", null] as const

const createEach = Effect.fnUntraced(function*(tasks: SessionTasks) {
  yield* createIn(tasks, "of session-1", "working", { sessionId: "session-1" })
  yield* createIn(tasks, "of session-2", "working", { sessionId: "session-2" })
  yield* createIn(tasks, "of null", "working")
})

/**
 * @since 0.1.0
 * @category suite
 */
export const sessionsGroup: ContractGroup = {
  subject: "sessions",
  cases: [
    contractCase("binds what it creates", function*({ first, second }) {
      const bound = yield* first.forSession("session-1").createTask({ ...tool, taskId: "one" })
      yield* hasFields("bound", bound, { sessionId: "session-1" })
      yield* equalRecord("as trusted code reads it", yield* mustGet(second, "one"), bound)
      const unbound = yield* first.forSession(null).createTask({ ...tool, taskId: "two" })
      yield* hasFields("unbound", unbound, { sessionId: undefined })
      const same = yield* first.forSession("session-1").createTask({ ...tool, sessionId: "session-1" })
      yield* hasFields("named once more", same, { sessionId: "session-1" })
    }),

    contractCase("creates nothing for another session", function*({ first }) {
      const attempts = [
        first.forSession("session-1").createTask({ ...tool, sessionId: "session-2" }),
        first.forSession(null).createTask({ ...tool, sessionId: "session-2" })
      ]
      for (const attempt of attempts) {
        yield* refused("another session", attempt, { _tag: "InvalidInput", field: "sessionId" })
      }
      yield* equal("tasks", yield* first.taskCount(), 0)
    }),

    contractCase("reaches its own tasks with every operation", function*({ first, second }) {
      for (const session of sessions) {
        const tasks = second.forSession(session)
        const { taskId } = yield* first.forSession(session).createTask(tool)
        const created = yield* mustGet(tasks, taskId)
        yield* equal("updateTask", (yield* tasks.updateTask(created)).revision, 2)
        yield* equal("touchTask", (yield* tasks.touchTask(taskId)).revision, 3)
        yield* equal("requireInput", (yield* tasks.requireInput(taskId, { a: 1 })).revision, 4)
        yield* equal("provideInput", (yield* tasks.provideInput(taskId, { a: 1 })).complete, true)
        const status = yield* tasks.updateTaskStatus(taskId, "input_required")
        yield* equal("updateTaskStatus", status.revision, 6)
        yield* equal("storeTaskResult", (yield* tasks.storeTaskResult(taskId, success)).revision, 7)
        yield* equal("getTaskSummary", Option.isSome(yield* tasks.getTaskSummary(taskId)), true)
        yield* equal("getTaskResult", Option.isSome(yield* tasks.getTaskResult(taskId)), true)
        yield* tasks.updateTaskStatus(taskId, "completed")
        yield* equal("awaitTask", (yield* tasks.awaitTask(taskId)).status, "completed")
        yield* equal("listTasks", (yield* tasks.listTasks()).tasks.length, 1)
        yield* equal("listTaskSummaries", (yield* tasks.listTaskSummaries({ status: "completed" })).tasks.length, 1)
        yield* equal("taskCount", yield* tasks.taskCount(), 1)
        yield* equal("deleteTask", yield* tasks.deleteTask(taskId), true)
        const settled = yield* tasks.createTask(tool)
        yield* equal("claimTask", (yield* tasks.claimTask(settled.taskId, { lease: 1_000 })).record.attempt, 1)
        const stepped = yield* tasks.storeTaskStep(settled.taskId, "step", 1, { attempt: 1 })
        yield* equal("storeTaskStep", stepped.revision, 3)
        yield* equal("settleTask", (yield* tasks.settleTask(settled.taskId, success, { attempt: 1 })).revision, 4)
      }
    }),

    ...sessions.map((session) =>
      contractCase(
        `shows ${session === null ? "unbound code" : session} no task of others`,
        function*({ first, second }) {
          yield* createEach(first)
          const tasks = second.forSession(session)
          for (const other of sessions) {
            if (other === session) continue
            const taskId = `of ${other}`
            const before = yield* mustGet(first, taskId)
            const missing = { _tag: "TaskNotFound", taskId } as const
            yield* equal("getTask", Option.isNone(yield* tasks.getTask(taskId)), true)
            yield* equal("getTaskSummary", Option.isNone(yield* tasks.getTaskSummary(taskId)), true)
            yield* equal("deleteTask", yield* tasks.deleteTask(taskId), false)
            yield* refused("getTaskResult", tasks.getTaskResult(taskId), missing)
            yield* refused("updateTask", tasks.updateTask(before), missing)
            yield* refused("updateTaskStatus", tasks.updateTaskStatus(taskId, "failed"), missing)
            yield* refused("storeTaskResult", tasks.storeTaskResult(taskId, success), missing)
            yield* refused("settleTask", tasks.settleTask(taskId, success), missing)
            yield* refused("touchTask", tasks.touchTask(taskId), missing)
            yield* refused("claimTask", tasks.claimTask(taskId, { lease: 1 }), missing)
            yield* refused("storeTaskStep", tasks.storeTaskStep(taskId, "step", 1), missing)
            yield* refused("requireInput", tasks.requireInput(taskId, { a: 1 }), missing)
            yield* refused("provideInput", tasks.provideInput(taskId, { a: 1 }), missing)
            yield* refused("awaitTask", tasks.awaitTask(taskId), missing)
            yield* refused("changes", Stream.runDrain(tasks.changes(taskId)), missing)
            yield* equalRecord("the task afterwards", yield* mustGet(first, taskId), before)
          }
          yield* equal("taskCount", yield* tasks.taskCount(), 1)
          const own = [`of ${session}`]
          yield* equal("listTasks", (yield* tasks.listTasks()).tasks.map(({ taskId }) => taskId), own)
          const summaries = yield* tasks.listTaskSummaries()
          yield* equal("listTaskSummaries", summaries.tasks.map(({ taskId }) => taskId), own)
        }
      )
    ),

    contractCase("hides an existing result of another session from an error that tells more", function*({ first }) {
      yield* createEach(first)
      yield* first.settleTask("of session-1", success)
      const attempt = first.forSession("session-2").settleTask("of session-1", success)
      yield* refused("a second outcome", attempt, { _tag: "TaskNotFound", taskId: "of session-1" })
    }),

    contractCase("hides from another session that a task is held, and at which attempt", function*({ first }) {
      yield* createIn(first, "one", "working", { lease: "1 hour", sessionId: "session-1" })
      const missing = { _tag: "TaskNotFound", taskId: "one" } as const
      for (const tasks of [first.forSession("session-2"), first.forSession(null)]) {
        yield* refused("a claim", tasks.claimTask("one", { lease: 1 }), missing)
        for (const attempt of [1, 2]) {
          yield* refused(`attempt ${attempt}`, tasks.touchTask("one", { attempt }), missing)
          yield* refused(`attempt ${attempt}`, tasks.settleTask("one", success, { attempt }), missing)
          yield* refused(`attempt ${attempt}`, tasks.storeTaskStep("one", "step", 1, { attempt }), missing)
          yield* refused(`attempt ${attempt}`, tasks.requireInput("one", { a: 1 }, { attempt }), missing)
        }
      }
      yield* hasFields("the task", yield* mustGet(first, "one"), { attempt: 1, revision: 1 })
    }),

    contractCase("lists the tasks of one session to trusted code", function*({ first, second }) {
      yield* createEach(first)
      for (const session of ["session-1", "session-2"]) {
        const { tasks } = yield* second.listTasksForSession(session)
        yield* equal("records", tasks.map(({ taskId }) => taskId), [`of ${session}`])
        const summaries = yield* second.listTaskSummaries({ sessionId: session })
        yield* equal("summaries", summaries.tasks.map(({ taskId }) => taskId), [`of ${session}`])
      }
      yield* equal("no such session", (yield* second.listTasksForSession("session-3")).tasks.length, 0)
      yield* equal("all", (yield* second.listTaskSummaries({ sessionId: undefined })).tasks.length, 3)
    }),

    contractCase("keeps a session from taking an id that another one has", function*({ first }) {
      yield* createEach(first)
      const attempt = first.forSession("session-2").createTask({ ...tool, taskId: "of session-1" })
      yield* refused("the id", attempt, { _tag: "TaskAlreadyExists", taskId: "of session-1" })
    }),

    contractCase("tells apart sessions that differ by little", function*({ first }) {
      const names = ["s", "S", "s ", "null", "undefined", "é", "e\u0301", "%", "__proto__", "x".repeat(255)]
      for (const name of names) yield* first.forSession(name).createTask(tool)
      for (const name of names) {
        yield* equal(`tasks of ${name}`, (yield* first.forSession(name).listTasks()).tasks.length, 1)
      }
    })
  ]
}
