/**
 * What maintenance promises, called or by itself.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { equal, eventually, holds } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, tool } from "./fixtures.ts"

/**
 * @since 0.1.0
 * @category suite
 */
export const upkeepGroup: ContractGroup = {
  subject: "maintenance",
  cases: [
    contractCase("removes expired tasks and messages, and reports how many", function*({ clock, first }) {
      yield* createIn(first, "one", "working", { ttl: 100 })
      yield* createIn(first, "two", "working", { ttl: 101 })
      yield* first.messages.enqueue("other", 1, { ttl: 100 })
      yield* first.messages.enqueue("other", 2, { ttl: 101 })
      yield* clock.advance(100)
      const { expiredMessages, expiredTasks } = yield* first.maintenance()
      yield* equal("removed", [expiredTasks, expiredMessages], [1, 1])
      yield* equal("left", yield* first.taskCount(), 1)
      yield* equal("messages left", yield* first.messages.dequeueAll("other"), [2])
      const again = yield* first.maintenance()
      yield* equal("removed again", [again.expiredTasks, again.expiredMessages], [0, 0])
    }),

    contractCase("runs by itself at its interval", function*({ clock, first }) {
      yield* createIn(first, "one", "working", { ttl: 100 })
      yield* clock.advance(100)
      yield* eventually(
        "the expired task was swept and makes room",
        Effect.gen(function*() {
          yield* clock.advance(60_000)
          return (yield* Effect.exit(first.createTask(tool)))._tag === "Success"
        })
      )
    }, { maintenance: { interval: "1 minute" }, maxTasks: 1 }),

    contractCase("does not run by itself where it is turned off", function*({ clock, first }) {
      yield* createIn(first, "one", "working", { ttl: 100 })
      for (let minute = 0; minute < 10; minute++) {
        yield* clock.advance(60_000)
        yield* Effect.sleep("1 millis")
      }
      yield* equal("what a sweep finds", yield* first.expireTasks(), ["one"])
    }),

    contractCase("names its backend the same through every handle", function*({ first, second }) {
      yield* holds("the backend has a name", first.backendName.length > 0)
      yield* equal("the name", second.backendName, first.backendName)
    })
  ]
}
