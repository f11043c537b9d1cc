/**
 * What forgetting a session promises.
 *
 * @since 0.2.0
 */
import { equal, holds, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn } from "./fixtures.ts"
import { call } from "./untyped.ts"

/**
 * @since 0.2.0
 * @category suite
 */
export const forgetsGroup: ContractGroup = {
  subject: "forgetSession",
  cases: [
    contractCase(
      "does nothing while the session has tasks, and does not lose count of them",
      function*({ first, second }) {
        yield* createIn(first, "one", "working", { sessionId: "s" })
        yield* createIn(first, "two", "failed", { sessionId: "s" })
        yield* second.forgetSession("s")
        yield* equal("tasks", yield* first.forSession("s").taskCount(), 2)
        const full = { _tag: "MaxTasksReached", scope: "session", limit: 2 } as const
        yield* refused("a third one", createIn(first, "three", "working", { sessionId: "s" }), full)
        yield* first.deleteTask("one")
        yield* first.forgetSession("s")
        yield* createIn(second, "three", "working", { sessionId: "s" })
        yield* refused("one more", createIn(first, "four", "working", { sessionId: "s" }), full)
      },
      { maxTasksPerSession: 2 }
    ),

    contractCase("leaves a session that can begin anew, and other sessions alone", function*({ first, second }) {
      yield* createIn(first, "one", "working", { sessionId: "s" })
      yield* createIn(first, "other", "working", { sessionId: "t" })
      yield* first.deleteTask("one")
      yield* first.forgetSession("s")
      yield* second.forgetSession("s")
      yield* second.forgetSession("never seen")
      const full = { _tag: "MaxTasksReached", scope: "session", limit: 1 } as const
      yield* refused("another session", createIn(first, "more", "working", { sessionId: "t" }), full)
      yield* createIn(second, "two", "working", { sessionId: "s" })
      yield* refused("the session", createIn(first, "three", "working", { sessionId: "s" }), full)
      yield* equal("all tasks", yield* first.taskCount(), 2)
    }, { maxTasksPerSession: 1 }),

    contractCase("refuses what is no session", function*({ first }) {
      for (const session of ["", null, undefined, 1, "x".repeat(256)]) {
        yield* refused(String(session), call(first.forgetSession, session), {
          _tag: "InvalidInput",
          field: "sessionId"
        })
      }
      yield* holds("the storage works", (yield* first.taskCount()) === 0)
    })
  ]
}
