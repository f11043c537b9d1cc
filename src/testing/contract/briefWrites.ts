/**
 * What the writes of `withSummary` promise.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { PlannedWrites, SessionTasks } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import { equal, equalRecord, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, failure, methodBytes, mustGet, success } from "./fixtures.ts"

type Write = <Written>(
  tasks: PlannedWrites<Written>,
  taskId: string
) => Effect.Effect<Written, TaskStorageError>

/** One of each write. */
const writes: ReadonlyArray<readonly [name: string, write: Write]> = [
  ["updateTaskStatus", (tasks, taskId) => tasks.updateTaskStatus(taskId, "cancelled", { statusMessage: "stopped" })],
  ["storeTaskResult", (tasks, taskId) => tasks.storeTaskResult(taskId, success)],
  ["settleTask", (tasks, taskId) => tasks.settleTask(taskId, failure, { statusMessage: "broke" })],
  [
    "touchTask",
    (tasks, taskId) => tasks.touchTask(taskId, { statusMessage: null, ttl: 60_000, pollInterval: 7, lease: 1_000 })
  ]
]

/** Creates a task that has all that is no part of a summary. */
const createLarge = (tasks: SessionTasks, taskId: string) =>
  Effect.andThen(
    createIn(tasks, taskId, "input_required", {
      inputRequests: { a: "?" },
      inputResponses: { b: "!" },
      meta: { m: 1 },
      originalParams: { name: "tool", text: "x".repeat(1_000) },
      principal: "ada",
      requestState: "state",
      sessionId: "s",
      statusMessage: "old"
    }),
    tasks.storeTaskStep(taskId, "s", 1)
  )

/**
 * @since 0.2.0
 * @category suite
 */
export const briefWritesGroup: ContractGroup = {
  subject: "withSummary",
  cases: [
    ...writes.map(([name, write]) =>
      contractCase(`${name} writes what it always does, and gives the summary`, function*({ clock, first, second }) {
        for (const tasks of [first, first.forSession("s")]) {
          const created = yield* createLarge(first, "one")
          yield* clock.advance(5)
          const whole = yield* write(tasks, "one")
          yield* first.deleteTask("one")
          yield* clock.advance(-5)
          yield* equalRecord("the task anew", yield* createLarge(first, "one"), created)
          yield* clock.advance(5)
          const brief = yield* write(tasks.withSummary, "one")
          yield* equalRecord("the task", yield* mustGet(second, "one"), whole)
          yield* equalRecord("its summary", Option.getOrUndefined(yield* second.getTaskSummary("one")), brief)
          yield* first.deleteTask("one")
        }
      })
    ),

    ...writes.map(([name, write]) =>
      contractCase(`${name} is refused as it always is`, function*({ first }) {
        const created = yield* createIn(first, "one", "cancelled", { sessionId: "s" })
        yield* refused("a task that has ended", write(first.withSummary, "one"), {
          _tag: "TerminalState",
          status: "cancelled",
          taskId: "one"
        })
        for (const tasks of [first.forSession("t"), first.forSession(null)]) {
          yield* refused("another session", write(tasks.withSummary, "one"), { _tag: "TaskNotFound", taskId: "one" })
        }
        yield* refused("a missing task", write(first.withSummary, "none"), { _tag: "TaskNotFound", taskId: "none" })
        yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
      })
    ),

    contractCase("name the state that refused them", function*({ first, payloadBytes, second }) {
      yield* createIn(first, "one", "working", { lease: "1 minute", originalParams: { text: "x".repeat(50) } })
      const { touchTask, updateTaskStatus } = second.withSummary
      yield* refused("another attempt", touchTask("one", { attempt: 2 }), {
        _tag: "LeaseLost",
        attempt: 2,
        current: 1,
        taskId: "one"
      })
      yield* refused("the same status", updateTaskStatus("one", "working"), {
        _tag: "InvalidTransition",
        current: "working",
        requested: "working",
        taskId: "one"
      })
      yield* refused("a message", touchTask("one", { statusMessage: "y".repeat(50) }), {
        _tag: "PayloadTooLarge",
        actual: methodBytes + payloadBytes(61) + payloadBytes(52),
        limit: methodBytes + payloadBytes(61) + payloadBytes(27)
      })
      yield* equal("nothing was written", (yield* mustGet(first, "one")).revision, 1)
    }, (payloadBytes) => ({ maxPayloadBytes: { content: methodBytes + payloadBytes(61) + payloadBytes(27) } })),

    contractCase("let exactly one of many concurrent callers settle a task", function*({ first, second }) {
      for (let round = 0; round < 4; round++) {
        const taskId = `task-${round}`
        yield* createIn(first, taskId, "working")
        const settled = yield* Effect.all(
          [
            Effect.exit(first.withSummary.settleTask(taskId, success)),
            Effect.exit(second.withSummary.settleTask(taskId, failure)),
            Effect.exit(first.settleTask(taskId, failure)),
            Effect.exit(second.withSummary.updateTaskStatus(taskId, "cancelled"))
          ],
          { concurrency: "unbounded" }
        )
        yield* equal("callers that did", settled.filter(({ _tag }) => _tag === "Success").length, 1)
        yield* equal("the revision", (yield* mustGet(second, taskId)).revision, 2)
      }
    }),

    contractCase("wake those who wait for the task", function*({ first, second }) {
      yield* createIn(first, "one", "working")
      const waiting = yield* Effect.forkChild(second.awaitTask("one"))
      yield* first.withSummary.touchTask("one", { statusMessage: "nearly" })
      yield* first.withSummary.settleTask("one", success)
      const seen = yield* Fiber.join(waiting)
      yield* equal("what they see", [seen.status, seen.statusMessage, seen.result], ["completed", "nearly", success])
    })
  ]
}
