/**
 * What limits promise: never overrun, and exact to the byte.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Sizing } from "../../domain/task/StoredTask.ts"
import { createAtOnce } from "./atOnce.ts"
import { equal, equalRecord, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, largestText, methodBytes, mustGet, success, tool } from "./fixtures.ts"

/** `{"_tag":"Success","value":""}` */
const successBytes = 29

const fills = (value: string) => ({ _tag: "Success", value }) as const

/** Room for an outcome whose text has 100 bytes. */
const hundredOfOutcome = (payloadBytes: Sizing) => ({ maxPayloadBytes: { outcome: payloadBytes(100) } })

/** Room for the method, and for payloads whose texts have so many bytes. */
const contentOf = (...bytes: ReadonlyArray<number>) => (payloadBytes: Sizing) => ({
  maxPayloadBytes: { content: bytes.reduce((sum, bytes) => sum + payloadBytes(bytes), methodBytes) }
})

/**
 * @since 0.1.0
 * @category suite
 */
export const limitsGroup: ContractGroup = {
  subject: "limits",
  cases: [
    contractCase("maxTasks is exact under concurrency", function*(world) {
      const { first } = world
      const results = yield* createAtOnce(world, 24)
      yield* equal("created", results.filter(({ _tag }) => _tag === "Success").length, 10)
      yield* equal("stored", yield* first.taskCount(), 10)
      for (const result of results) {
        if (result._tag === "Failure") {
          yield* refused("one more", Effect.fail(result.failure), {
            _tag: "MaxTasksReached",
            limit: 10,
            scope: "storage"
          })
        }
      }
    }, { maxTasks: 10 }),

    contractCase("maxTasks is freed by a deletion and by the sweep, not by expiry alone", function*({ clock, first }) {
      const full = { _tag: "MaxTasksReached", limit: 2, scope: "storage" } as const
      yield* createIn(first, "one", "working")
      yield* createIn(first, "two", "completed", { ttl: 100 })
      yield* refused("a third", first.createTask(tool), full)
      yield* first.deleteTask("one")
      yield* createIn(first, "three", "working")
      yield* refused("a third", first.createTask(tool), full)
      yield* clock.advance(100)
      yield* refused("while an expired one is stored", first.createTask(tool), full)
      yield* first.expireTasks()
      yield* first.createTask(tool)
      yield* refused("a third", first.createTask(tool), full)
    }, { maxTasks: 2 }),

    contractCase("maxTasks counts tasks of all sessions", function*({ first }) {
      yield* first.forSession("s").createTask(tool)
      yield* first.forSession(null).createTask(tool)
      yield* refused("a third", first.forSession("t").createTask(tool), { _tag: "MaxTasksReached", scope: "storage" })
    }, { maxTasks: 2 }),

    contractCase("a taken id is reported before a reached limit", function*({ first }) {
      yield* createIn(first, "one", "working", { sessionId: "s" })
      const taken = { _tag: "TaskAlreadyExists", taskId: "one" } as const
      yield* refused("the id", first.createTask({ ...tool, taskId: "one" }), taken)
      yield* refused("the id", first.forSession("s").createTask({ ...tool, taskId: "one" }), taken)
    }, { maxTasks: 1, maxTasksPerSession: 1 }),

    contractCase("an expired id can be created again where the limit is reached", function*({ clock, first }) {
      yield* createIn(first, "one", "working", { sessionId: "s", ttl: 100 })
      yield* clock.advance(100)
      yield* createIn(first, "one", "working", { sessionId: "s" })
      yield* refused("another", first.createTask(tool), { _tag: "MaxTasksReached" })
    }, { maxTasks: 1, maxTasksPerSession: 1 }),

    contractCase(
      "a creation that a limit refuses writes nothing, not even over an expired task",
      function*({ clock, first }) {
        yield* createIn(first, "one", "working", { ttl: 100 })
        yield* createIn(first, "two", "working", { sessionId: "s" })
        yield* clock.advance(100)
        yield* refused("the id", createIn(first, "one", "working", { sessionId: "s" }), {
          _tag: "MaxTasksReached",
          limit: 1,
          scope: "session"
        })
        yield* equal("what the sweep finds", yield* first.expireTasks(), ["one"])
      },
      { maxTasksPerSession: 1 }
    ),

    contractCase(
      "maxTasksPerSession is exact under concurrency, and for each session by itself",
      function*(world) {
        const { first } = world
        yield* Effect.all(["s", "t"].map((session) => createAtOnce(world, 10, session)), { concurrency: "unbounded" })
        yield* equal("of s", yield* first.forSession("s").taskCount(), 3)
        yield* equal("of t", yield* first.forSession("t").taskCount(), 3)
        const full = { _tag: "MaxTasksReached", limit: 3, scope: "session" } as const
        yield* refused("one more", first.createTask({ ...tool, sessionId: "s" }), full)
        for (let index = 0; index < 5; index++) {
          yield* first.createTask(tool)
        }
        yield* equal("of none", yield* first.forSession(null).taskCount(), 5)
        const [gone] = (yield* first.listTasksForSession("s")).tasks
        yield* first.deleteTask(gone?.taskId ?? "")
        yield* first.forSession("s").createTask(tool)
        yield* refused("one more", first.forSession("s").createTask(tool), full)
      },
      { maxTasksPerSession: 3 }
    ),

    contractCase("an outcome may take its bytes and not one more", function*({ first, payloadBytes }) {
      const fitting = fills("x".repeat(100 - successBytes))
      const over = fills("x".repeat(101 - successBytes))
      const refusal = { _tag: "PayloadTooLarge", actual: payloadBytes(101), limit: payloadBytes(100) } as const
      yield* createIn(first, "one", "working")
      yield* refused("settleTask", first.settleTask("one", over), refusal)
      yield* refused("storeTaskResult", first.storeTaskResult("one", over), refusal)
      yield* refused("createTask", first.createTask({ ...tool, result: over }), refusal)
      const read = yield* mustGet(first, "one")
      yield* refused("updateTask", first.updateTask({ ...read, result: over }), refusal)
      yield* refused("of a missing task", first.settleTask("none", over), refusal)
      yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), read)
      yield* first.settleTask("one", fitting)
    }, hundredOfOutcome),

    contractCase("everything else together may take its bytes and not one more", function*({ first, payloadBytes }) {
      const originalParams = "x".repeat(66)
      const over = "m".repeat(19)
      const refusal = {
        _tag: "PayloadTooLarge",
        actual: methodBytes + payloadBytes(68) + payloadBytes(21),
        limit: methodBytes + payloadBytes(68) + payloadBytes(20)
      } as const
      yield* refused(
        "createTask",
        createIn(first, "two", "working", { originalParams, statusMessage: over }),
        refusal
      )
      yield* createIn(first, "one", "working", { originalParams })
      yield* refused("updateTaskStatus", first.updateTaskStatus("one", "failed", { statusMessage: over }), refusal)
      yield* refused("touchTask", first.touchTask("one", { statusMessage: over }), refusal)
      yield* refused("settleTask", first.settleTask("one", success, { statusMessage: over }), refusal)
      yield* refused("requireInput", first.requireInput("one", { a: "x".repeat(13) }), refusal)
      const read = yield* mustGet(first, "one")
      yield* refused("updateTask", first.updateTask({ ...read, statusMessage: over }), refusal)
      yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), read)
      yield* first.touchTask("one", { statusMessage: "m".repeat(18) })
      yield* refused("with a message there", first.requireInput("one", { a: 1 }), { _tag: "PayloadTooLarge" })
      yield* first.touchTask("one", { statusMessage: null })
      yield* first.requireInput("one", { a: "x".repeat(12) })
    }, contentOf(68, 20)),

    contractCase("answers count against the limit, what they answer no longer", function*({ first, payloadBytes }) {
      yield* createIn(first, "one", "working")
      yield* first.requireInput("one", { a: 1, b: 2 })
      // {"b":2} is still asked.
      const over = "x".repeat(82 - `{"a":""}`.length)
      yield* refused("too long an answer", first.provideInput("one", { a: over }), {
        _tag: "PayloadTooLarge",
        actual: methodBytes + payloadBytes(7) + payloadBytes(82),
        limit: methodBytes + payloadBytes(7) + payloadBytes(81)
      })
      yield* first.provideInput("one", { a: over.slice(1) })
    }, contentOf(7, 81)),

    contractCase("steps and the principal count like everything else", function*({ first, payloadBytes }) {
      const principal = "p".repeat(40)
      const limit = methodBytes + payloadBytes(42) + payloadBytes(46)
      const tooLarge = (...bytes: ReadonlyArray<number>) =>
        ({
          _tag: "PayloadTooLarge",
          actual: bytes.reduce((sum, bytes) => sum + payloadBytes(bytes), methodBytes),
          limit
        }) as const
      const over = limit + 1 - methodBytes
      yield* refused(
        "a principal",
        createIn(first, "two", "working", { principal: "p".repeat(over - 2) }),
        tooLarge(over)
      )
      yield* createIn(first, "one", "working", { principal })
      yield* first.storeTaskStep("one", "a", 1)
      // {"a":1,"b":""} is there beside it.
      const room = 46 - 14
      const stored = yield* mustGet(first, "one")
      yield* refused("a step", first.storeTaskStep("one", "b", "x".repeat(room + 1)), tooLarge(42, 47))
      yield* refused("a message", first.touchTask("one", { statusMessage: "m".repeat(38) }), tooLarge(42, 7, 40))
      const larger = { ...stored, steps: { a: 1, b: "x".repeat(room + 1) } }
      yield* refused("a replacement", first.updateTask(larger), tooLarge(42, 47))
      yield* refused("a step of nobody", first.storeTaskStep("none", "b", "x".repeat(limit + 1)), {
        _tag: "PayloadTooLarge",
        limit
      })
      yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), stored)
      yield* first.storeTaskStep("one", "b", "x".repeat(room))
      yield* first.storeTaskStep("one", "b", "what is stored already takes no room")
    }, contentOf(42, 46)),

    contractCase(
      "a message over the limit is reported before the state of the task, and before a missing task",
      function*({ first }) {
        yield* createIn(first, "one", "completed")
        const statusMessage = "m".repeat(101)
        yield* refused("terminal", first.updateTaskStatus("one", "failed", { statusMessage }), {
          _tag: "PayloadTooLarge"
        })
        yield* refused("missing", first.updateTaskStatus("none", "failed", { statusMessage }), {
          _tag: "PayloadTooLarge"
        })
        yield* refused("missing", first.touchTask("none", { statusMessage }), { _tag: "PayloadTooLarge" })
      },
      { maxPayloadBytes: { content: 100 } }
    ),

    contractCase("one number limits each of the two groups", function*({ first, payloadBytes }) {
      const limit = payloadBytes(100)
      yield* refused("content", createIn(first, "two", "working", { originalParams: "x".repeat(100) }), {
        _tag: "PayloadTooLarge",
        limit
      })
      yield* createIn(first, "one", "working", { originalParams: "x".repeat(100 - methodBytes - 2) })
      yield* refused("outcome", first.settleTask("one", fills("x".repeat(100))), { _tag: "PayloadTooLarge", limit })
      yield* first.settleTask("one", fills("x".repeat(100 - successBytes)))
    }, (payloadBytes) => ({ maxPayloadBytes: payloadBytes(100) })),

    contractCase("sizes are those of the stored text, which escapes everything outside ASCII", function*({
      first,
      payloadBytes
    }) {
      yield* createIn(first, "one", "working")
      const escaped = `${"\u00e9".repeat(11)}${"x".repeat(100 - successBytes - 66)}`
      yield* refused("one more", first.storeTaskResult("one", fills(`${escaped}x`)), {
        _tag: "PayloadTooLarge",
        actual: payloadBytes(101)
      })
      yield* first.storeTaskResult("one", fills(escaped))
      yield* equal("stored", Option.isSome(yield* first.getTaskResult("one")), true)
    }, hundredOfOutcome),

    contractCase("what the backend takes by default is the limit", function*({ first, maxPayloadBytes, payloadBytes }) {
      const { content, outcome } = maxPayloadBytes
      const params = largestText(payloadBytes, content - methodBytes)
      yield* createIn(first, "one", "working", { originalParams: "x".repeat(params - 2) })
      yield* refused("content", createIn(first, "two", "working", { originalParams: "x".repeat(content) }), {
        _tag: "PayloadTooLarge",
        actual: payloadBytes(content + 2) + methodBytes,
        limit: content
      })
      const result = largestText(payloadBytes, outcome)
      yield* refused("outcome", first.settleTask("one", fills("x".repeat(result - successBytes + 1))), {
        _tag: "PayloadTooLarge",
        actual: payloadBytes(result + 1),
        limit: outcome
      })
      yield* first.settleTask("one", fills("x".repeat(result - successBytes)))
    }),

    contractCase("refuses what is far too large for any engine", function*({ first, maxPayloadBytes }) {
      yield* createIn(first, "one", "working")
      // A gibibyte of text, made of one mebibyte.
      const huge = Array.from({ length: 1024 }, () => mebibyte)
      const tooLarge = { _tag: "PayloadTooLarge", limit: maxPayloadBytes.content } as const
      yield* refused("an outcome", first.settleTask("one", { _tag: "Success", value: huge }), {
        ...tooLarge,
        limit: maxPayloadBytes.outcome
      })
      yield* refused("params", first.createTask({ ...tool, originalParams: huge }), tooLarge)
      yield* refused("requests", first.requireInput("one", { a: huge }), tooLarge)
      yield* refused("a message", first.messages.enqueue("one", huge), tooLarge)
      yield* equal("the task", (yield* mustGet(first, "one")).revision, 1)
    })
  ]
}

const mebibyte = "x".repeat(1024 * 1024)
