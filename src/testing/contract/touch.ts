/**
 * What `touchTask` promises.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import { activeStatuses } from "../../domain/task/TaskStatus.ts"
import { equal, equalRecord, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, mustGet, terminalStatuses } from "./fixtures.ts"

/**
 * @since 0.1.0
 * @category suite
 */
export const touchGroup: ContractGroup = {
  subject: "touchTask",
  cases: [
    ...activeStatuses.map((status) =>
      contractCase(`moves lastUpdatedAt and nothing else while ${status}`, function*({ clock, first, second }) {
        const created = yield* createIn(first, "one", status, {
          inputRequests: { a: 1 },
          meta: { m: 1 },
          pollInterval: 9,
          statusMessage: "kept",
          ttl: 50_000
        })
        yield* clock.advance(11)
        const touched = yield* second.touchTask("one")
        yield* equal("the record", { ...touched, lastUpdatedAt: 0, revision: 0 }, {
          ...created,
          lastUpdatedAt: 0,
          revision: 0
        })
        yield* hasFields("the record", touched, { lastUpdatedAt: clock.currentTimeMillisUnsafe(), revision: 2 })
        yield* equalRecord("as another process reads it", yield* mustGet(first, "one"), touched)
      })
    ),

    contractCase("changes message, ttl and poll interval", function*({ first }) {
      yield* createIn(first, "one", "working", { pollInterval: 9, statusMessage: "old", ttl: 50_000 })
      const changed = yield* first.touchTask("one", { pollInterval: "2 seconds", statusMessage: "new", ttl: "1 hour" })
      yield* hasFields("changed", changed, { pollInterval: 2_000, statusMessage: "new", ttl: 3_600_000 })
      const cleared = yield* first.touchTask("one", { statusMessage: null, ttl: null })
      yield* hasFields("cleared", cleared, { pollInterval: 2_000, statusMessage: undefined, ttl: null })
      const kept = yield* first.touchTask("one", { pollInterval: undefined, statusMessage: undefined, ttl: undefined })
      yield* hasFields("kept", kept, { pollInterval: 2_000, statusMessage: undefined, ttl: null })
    }),

    contractCase("makes a task with a ttl that has passed expire at once", function*({ clock, first }) {
      yield* createIn(first, "one", "working")
      yield* clock.advance(1_000)
      yield* first.touchTask("one", { ttl: 1_000 })
      yield* equal("the task", Option.isNone(yield* first.getTask("one")), true)
    }),

    ...terminalStatuses.map((status) =>
      contractCase(`refuses a task that is ${status}`, function*({ first }) {
        const created = yield* createIn(first, "one", status)
        yield* refused("a touch", first.touchTask("one", { statusMessage: "late", ttl: 1 }), {
          _tag: "TerminalState",
          taskId: "one",
          status
        })
        yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
      })
    ),

    contractCase("tells that a task is missing", function*({ first }) {
      yield* refused("a missing task", first.touchTask("none"), { _tag: "TaskNotFound", taskId: "none" })
    })
  ]
}
