/**
 * What the state machine promises: all 25 pairs of statuses, and the status message.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { activeStatuses, type TaskStatus, taskStatuses } from "../../domain/task/TaskStatus.ts"
import { equal, equalRecord, type ExpectedError, hasFields, refused } from "./check.ts"
import { type ContractCase, contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, mustGet, success, terminalStatuses } from "./fixtures.ts"

/** Written out once more, so that a change of the library's table is noticed. */
const allowed: { readonly [From in TaskStatus]: ReadonlyArray<TaskStatus> } = {
  working: ["input_required", "completed", "failed", "cancelled"],
  input_required: ["working", "completed", "failed", "cancelled"],
  completed: [],
  failed: [],
  cancelled: []
}

const refusalOf = (current: TaskStatus, requested: TaskStatus): ExpectedError =>
  allowed[current].length === 0
    ? { _tag: "TerminalState", taskId: "one", status: current }
    : { _tag: "InvalidTransition", taskId: "one", current, requested }

const pairs: ReadonlyArray<ContractCase> = taskStatuses.flatMap((from) =>
  taskStatuses.map((to) =>
    allowed[from].includes(to)
      ? contractCase(`${from} -> ${to} is made`, function*({ clock, first, second }) {
        const created = yield* createIn(first, "one", from)
        yield* clock.advance(7)
        const updated = yield* second.updateTaskStatus("one", to)
        const expected = { lastUpdatedAt: clock.currentTimeMillisUnsafe(), revision: 2, status: to }
        yield* hasFields("the answer", updated, { createdAt: created.createdAt.epochMilliseconds, ...expected })
        yield* equalRecord("as another process reads it", yield* mustGet(first, "one"), updated)
      })
      : contractCase(`${from} -> ${to} is refused`, function*({ clock, first, second }) {
        const created = yield* createIn(first, "one", from, { statusMessage: "before" })
        yield* clock.advance(7)
        const attempt = second.updateTaskStatus("one", to, { statusMessage: "after" })
        yield* refused("the transition", attempt, refusalOf(from, to))
        yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
      })
  )
)

/**
 * @since 0.1.0
 * @category suite
 */
export const transitionsGroup: ContractGroup = {
  subject: "updateTaskStatus",
  cases: [
    ...pairs,

    contractCase("keeps, clears or replaces the status message", function*({ first }) {
      yield* createIn(first, "one", "working", { statusMessage: "first" })
      const kept = yield* first.updateTaskStatus("one", "input_required")
      yield* hasFields("absent keeps", kept, { statusMessage: "first" })
      const replaced = yield* first.updateTaskStatus("one", "working", { statusMessage: "second" })
      yield* hasFields("a string replaces", replaced, { statusMessage: "second" })
      const undefinedKept = yield* first.updateTaskStatus("one", "input_required", { statusMessage: undefined })
      yield* hasFields("undefined keeps", undefinedKept, { statusMessage: "second" })
      const empty = yield* first.updateTaskStatus("one", "working", { statusMessage: "" })
      yield* hasFields("an empty string replaces", empty, { statusMessage: "" })
      const cleared = yield* first.updateTaskStatus("one", "cancelled", { statusMessage: null })
      yield* hasFields("null clears", cleared, { statusMessage: undefined })
      yield* equalRecord("as it is read", yield* mustGet(first, "one"), cleared)
    }),

    contractCase("keeps outstanding input requests until the task ends", function*({ first }) {
      yield* createIn(first, "one", "input_required", { inputRequests: { a: 1 }, inputResponses: { b: 2 } })
      const working = yield* first.updateTaskStatus("one", "working")
      yield* hasFields("still asked", working, { inputRequests: { a: 1 } })
      const cancelled = yield* first.updateTaskStatus("one", "cancelled")
      yield* hasFields("ended", cancelled, { inputRequests: undefined, inputResponses: { b: 2 } })
    }),

    contractCase("tells that a task is missing", function*({ first }) {
      yield* refused("a missing task", first.updateTaskStatus("none", "working"), {
        _tag: "TaskNotFound",
        taskId: "none"
      })
    }),

    contractCase("lets exactly one of many concurrent terminal writes win", function*({ first, second }) {
      for (let round = 0; round < 8; round++) {
        const taskId = `task-${round}`
        yield* createIn(first, taskId, activeStatuses[round % activeStatuses.length] ?? "working")
        const results = yield* Effect.all(
          [
            ...terminalStatuses.flatMap((status) => [
              Effect.exit(first.updateTaskStatus(taskId, status, { statusMessage: `first ${status}` })),
              Effect.exit(second.updateTaskStatus(taskId, status, { statusMessage: `second ${status}` }))
            ]),
            Effect.exit(first.settleTask(taskId, success, { statusMessage: "settled" }))
          ],
          { concurrency: "unbounded" }
        )
        const winners = results.filter((exit) => exit._tag === "Success")
        yield* equal("winners", winners.length, 1)
        yield* equalRecord("the stored task", yield* mustGet(second, taskId), winners[0]?.value)
      }
    }),

    contractCase("reports in a refusal the very state that refused", function*({ first, second }) {
      for (let round = 0; round < 8; round++) {
        const taskId = `task-${round}`
        yield* createIn(first, taskId, "working")
        const [left, right] = yield* Effect.all(
          [
            Effect.exit(first.updateTaskStatus(taskId, "completed")),
            Effect.exit(second.updateTaskStatus(taskId, "cancelled"))
          ],
          { concurrency: "unbounded" }
        )
        const loser = left._tag === "Failure" ? left : right
        const winner = left._tag === "Success" ? "completed" : "cancelled"
        yield* refused("the loser", loser, { _tag: "TerminalState", taskId, status: winner })
      }
    })
  ]
}
