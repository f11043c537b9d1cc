/**
 * What the message queues promise.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { equal, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn } from "./fixtures.ts"

/**
 * @since 0.1.0
 * @category suite
 */
export const messagesGroup: ContractGroup = {
  subject: "messages",
  cases: [
    contractCase("come out first in, first out, once, in any process", function*({ first, second }) {
      for (const message of ["a", "b", "c", "d"]) {
        yield* equal("enqueued", yield* first.messages.enqueue("one", message), { full: false })
      }
      yield* equal("the first", yield* second.messages.dequeue("one"), Option.some("a"))
      yield* equal("the second", yield* first.messages.dequeue("one"), Option.some("b"))
      yield* equal("the others", yield* second.messages.dequeueAll("one"), ["c", "d"])
      yield* equal("nothing", Option.isNone(yield* first.messages.dequeue("one")), true)
      yield* equal("nothing", yield* first.messages.dequeueAll("one"), [])
    }),

    contractCase("keep queues apart, and need no task", function*({ first, second }) {
      yield* first.messages.enqueue("one", 1)
      yield* first.messages.enqueue("One", 2)
      yield* equal("another queue", Option.isNone(yield* second.messages.dequeue("two")), true)
      yield* equal("one", yield* second.messages.dequeueAll("one"), [1])
      yield* equal("One", yield* second.messages.dequeueAll("One"), [2])
      yield* first.messages.enqueue("one", 3)
      yield* equal("no task to delete", yield* first.deleteTask("one"), false)
      yield* createIn(first, "one", "working")
      yield* equal("after all of that", yield* second.messages.dequeueAll("one"), [3])
    }),

    contractCase("go with a task that is deleted, and not before", function*({ first, second }) {
      const all = Array.from({ length: 30 }, (_, index) => index)
      yield* createIn(first, "one", "working", { sessionId: "s" })
      for (const message of all) yield* first.messages.enqueue("one", message)
      yield* second.messages.enqueue("two", "of no task")
      yield* refused("another one of its id", createIn(second, "one", "working"), { _tag: "TaskAlreadyExists" })
      yield* equal("for another session", yield* second.forSession("t").deleteTask("one"), false)
      yield* equal("the first", yield* second.messages.dequeue("one"), Option.some(0))
      yield* equal("deleted", yield* second.deleteTask("one"), true)
      yield* equal("none", Option.isNone(yield* first.messages.dequeue("one")), true)
      yield* equal("room", yield* first.messages.enqueue("one", "new", { maxSize: 1 }), { full: false })
      yield* equal("the new one alone", yield* second.messages.dequeueAll("one"), ["new"])
      yield* equal("another queue", yield* first.messages.dequeueAll("two"), ["of no task"])
    }),

    contractCase("go with a task that has expired, once it is swept, and with none that has not", function*(
      { clock, first, second }
    ) {
      yield* createIn(first, "short", "working", { ttl: 100 })
      yield* createIn(first, "long", "working", { ttl: 100 })
      for (const queue of ["short", "long", "none"]) {
        yield* first.messages.enqueue(queue, 1)
        yield* second.messages.enqueue(queue, 2)
      }
      yield* second.touchTask("long", { ttl: 101 })
      yield* clock.advance(100)
      yield* equal("swept", yield* second.expireTasks(), ["short"])
      yield* equal("of the one that is gone", yield* first.messages.dequeueAll("short"), [])
      yield* equal("of the one that is there", yield* first.messages.dequeueAll("long"), [1, 2])
      yield* first.messages.enqueue("long", 3)
      yield* clock.advance(1)
      yield* equal("swept by maintenance", (yield* second.maintenance()).expiredTasks, 1)
      yield* equal("of the other one", yield* first.messages.dequeueAll("long"), [])
      yield* equal("of no task", yield* first.messages.dequeueAll("none"), [1, 2])
    }),

    contractCase("go with an expired task that another one of its id replaces", function*({ clock, first, second }) {
      yield* createIn(first, "one", "working", { ttl: 100 })
      yield* first.messages.enqueue("one", "old")
      yield* clock.advance(100)
      yield* createIn(second, "one", "working")
      yield* first.messages.enqueue("one", "new")
      yield* equal("of the new task", yield* second.messages.dequeueAll("one"), ["new"])
    }),

    contractCase("go with an expired task that another one replaces within limits", function*(
      { clock, first, second }
    ) {
      yield* createIn(first, "one", "working", { ttl: 100, sessionId: "s" })
      yield* first.messages.enqueue("one", "old")
      yield* refused("another one", createIn(first, "two", "working"), { _tag: "MaxTasksReached" })
      yield* clock.advance(100)
      yield* createIn(second, "one", "working", { sessionId: "s" })
      yield* equal("of the new task", yield* second.messages.dequeueAll("one"), [])
    }, { maxTasks: 1, maxTasksPerSession: 1 }),

    contractCase("are refused by a full queue, which tells its size", function*({ first, second }) {
      const options = { maxSize: 2 }
      yield* first.messages.enqueue("one", 1, options)
      yield* second.messages.enqueue("one", 2, options)
      yield* equal("full", yield* first.messages.enqueue("one", 3, options), { full: true, size: 2 })
      yield* equal("full", yield* first.messages.enqueue("one", 3, { maxSize: 1 }), { full: true, size: 2 })
      yield* equal("another queue", yield* first.messages.enqueue("two", 3, options), { full: false })
      yield* equal("without a bound", yield* first.messages.enqueue("one", 4), { full: false })
      yield* equal("in the queue", yield* first.messages.dequeueAll("one"), [1, 2, 4])
      yield* equal("not full any more", yield* first.messages.enqueue("one", 5, options), { full: false })
    }),

    contractCase("are dropped after their ttl, to the millisecond, and then take no room", function*({ clock, first }) {
      yield* first.messages.enqueue("one", "short", { ttl: 100 })
      yield* first.messages.enqueue("one", "long", { ttl: 200 })
      yield* clock.advance(99)
      yield* equal("full", yield* first.messages.enqueue("one", "x", { maxSize: 2 }), { full: true, size: 2 })
      yield* clock.advance(1)
      yield* equal("room", yield* first.messages.enqueue("one", "new", { maxSize: 2 }), { full: false })
      yield* equal("the first", yield* first.messages.dequeue("one"), Option.some("long"))
      yield* first.messages.enqueue("two", "gone", { ttl: 100 })
      yield* clock.advance(100)
      yield* equal("all", yield* first.messages.dequeueAll("two"), [])
      yield* equal("one", yield* first.messages.dequeueAll("one"), ["new"])
    }),

    contractCase("live for 24 hours by default", function*({ clock, first }) {
      const day = 24 * 60 * 60 * 1_000
      yield* first.messages.enqueue("one", 1)
      yield* first.messages.enqueue("two", 2)
      yield* clock.advance(day - 1)
      yield* equal("the last millisecond", yield* first.messages.dequeueAll("one"), [1])
      yield* clock.advance(1)
      yield* equal("then", yield* first.messages.dequeueAll("two"), [])
    }),

    contractCase("are given to one of several concurrent callers", function*({ first, second }) {
      const all = Array.from({ length: 20 }, (_, index) => index)
      for (const message of all) yield* first.messages.enqueue("one", message)
      const taken = yield* Effect.all(
        all.map((index) => (index % 2 === 0 ? first : second).messages.dequeue("one")),
        { concurrency: "unbounded" }
      )
      yield* equal("each once", taken.flatMap(Option.toArray).toSorted((a, b) => Number(a) - Number(b)), all)
    }),

    contractCase("are drained by one of several concurrent callers", function*({ first, second }) {
      for (let message = 0; message < 20; message++) yield* first.messages.enqueue("one", message)
      const [left, right, single] = yield* Effect.all(
        [first.messages.dequeueAll("one"), second.messages.dequeueAll("one"), first.messages.dequeue("one")],
        { concurrency: "unbounded" }
      )
      yield* equal("taken", left.length + right.length + Option.toArray(single).length, 20)
    }),

    contractCase("never overrun a bound under concurrency", function*({ first, second }) {
      const answers = yield* Effect.all(
        Array.from(
          { length: 20 },
          (_, index) => (index % 2 === 0 ? first : second).messages.enqueue("one", index, { maxSize: 7 })
        ),
        { concurrency: "unbounded" }
      )
      yield* equal("enqueued", answers.filter(({ full }) => !full).length, 7)
      yield* equal("in the queue", (yield* first.messages.dequeueAll("one")).length, 7)
    }),

    contractCase("keep the order in which one process sent them, however many there are", function*({ first }) {
      const all = Array.from({ length: 120 }, (_, index) => index)
      for (const message of all) yield* first.messages.enqueue("one", message)
      yield* equal("the messages", yield* first.messages.dequeueAll("one"), all)
    }),

    contractCase("have bounds, ids and sizes like everything else", function*({ first, payloadBytes }) {
      yield* refused("an id", first.messages.enqueue("", 1), { _tag: "InvalidInput" })
      yield* refused("an id", first.messages.dequeue("\n"), { _tag: "InvalidInput" })
      yield* refused("an id", first.messages.dequeueAll("x".repeat(256)), { _tag: "InvalidInput" })
      yield* refused("a bound", first.messages.enqueue("one", 1, { maxSize: -1 }), { _tag: "InvalidInput" })
      yield* refused("a ttl", first.messages.enqueue("one", 1, { ttl: 0 }), { _tag: "InvalidInput" })
      yield* refused("a size", first.messages.enqueue("one", "x".repeat(99)), {
        _tag: "PayloadTooLarge",
        actual: payloadBytes(101),
        limit: payloadBytes(100)
      })
      yield* first.messages.enqueue("one", "x".repeat(98))
    }, (payloadBytes) => ({ maxPayloadBytes: { content: payloadBytes(100) } }))
  ]
}
