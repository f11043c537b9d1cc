/**
 * What `resultTtl` promises: once a task has ended, it lives that much longer.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import { equal, equalRecord, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, failure, mustGet, success } from "./fixtures.ts"
import { call } from "./untyped.ts"

type Ends = ReadonlyArray<{
  readonly name: string
  /** Ends the task `one`. */
  readonly end: (tasks: TaskStorageShape, resultTtl: number) => Effect.Effect<unknown, TaskStorageError>
}>

const ends: Ends = [
  { name: "settleTask", end: (tasks, resultTtl) => tasks.settleTask("one", success, { resultTtl }) },
  { name: "a settled error", end: (tasks, resultTtl) => tasks.settleTask("one", failure, { resultTtl }) },
  { name: "updateTaskStatus", end: (tasks, resultTtl) => tasks.updateTaskStatus("one", "cancelled", { resultTtl }) },
  { name: "recoverStuckTasks", end: (tasks, resultTtl) => tasks.recoverStuckTasks(0, { resultTtl }) },
  {
    name: "a lost worker",
    end: (tasks, resultTtl) => tasks.recoverStuckTasks(0, { leases: "expired", resultTtl })
  },
  {
    name: "storeTaskResult",
    end: (tasks, resultTtl) =>
      Effect.andThen(
        tasks.updateTaskStatus("one", "completed"),
        tasks.storeTaskResult("one", success, { resultTtl })
      )
  }
]

const ttls = [null, 40, 1_000, 10_000_000_000] as const

/**
 * @since 0.2.0
 * @category suite
 */
export const resultTtlGroup: ContractGroup = {
  subject: "resultTtl",
  cases: [
    ...ends.flatMap(({ end, name }) =>
      ttls.map((ttl) =>
        contractCase(`${name}: a ttl of ${ttl} gives way to one from the end`, function*({ clock, first, second }) {
          yield* createIn(first, "one", "working", { lease: 1, ttl })
          yield* clock.advance(30)
          yield* end(first, 500)
          const ended = yield* mustGet(second, "one")
          yield* hasFields("the task", ended, { ttl: 530 })
          yield* clock.advance(499)
          yield* equalRecord("in its last millisecond", yield* mustGet(first, "one"), ended)
          yield* equal("swept early", yield* second.expireTasks(), [])
          yield* clock.advance(1)
          yield* equal("the task", Option.isNone(yield* second.getTask("one")), true)
          yield* equal("swept", yield* first.expireTasks(), ["one"])
        })
      )
    ),

    ...ends.map(({ end, name }) =>
      contractCase(`${name} gives no longer life than the layer allows`, function*({ clock, first }) {
        yield* createIn(first, "one", "working", { lease: 1, ttl: 100 })
        yield* clock.advance(30)
        yield* end(first, 971)
        yield* hasFields("the task", yield* mustGet(first, "one"), { ttl: 1_000 })
      }, { maxTtl: 1_000 })
    ),

    ...ends.map(({ end, name }) =>
      contractCase(`${name} gives exactly what the layer allows`, function*({ clock, first }) {
        yield* createIn(first, "one", "working", { lease: 1, ttl: 100 })
        yield* clock.advance(30)
        yield* end(first, 970)
        yield* hasFields("the task", yield* mustGet(first, "one"), { ttl: 1_000 })
      }, { maxTtl: 1_000 })
    ),

    contractCase("the longest there is", function*({ first, second }) {
      yield* createIn(first, "one", "working")
      yield* first.settleTask("one", success, { resultTtl: Number.MAX_SAFE_INTEGER })
      yield* hasFields("the task", yield* mustGet(second, "one"), { status: "completed" })
    }),

    contractCase("is refused with a status that is no end, and changes nothing", function*({ first }) {
      const created = yield* createIn(first, "one", "working", { ttl: 5_000 })
      const refusal = { _tag: "InvalidInput", field: "resultTtl" } as const
      yield* refused("a transition", first.updateTaskStatus("one", "input_required", { resultTtl: 1 }), refusal)
      yield* refused("a missing task", first.updateTaskStatus("none", "working", { resultTtl: 1 }), refusal)
      yield* refused("a result", first.storeTaskResult("one", success, { resultTtl: 1 }), refusal)
      yield* refused("of a worker", first.storeTaskResult("one", success, { attempt: 7, resultTtl: 1 }), refusal)
      yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
    }),

    contractCase("is refused when it is no duration", function*({ first }) {
      const created = yield* createIn(first, "one", "working", { ttl: 5_000 })
      const refusal = { _tag: "InvalidInput", field: "resultTtl" } as const
      for (const resultTtl of [0, -1, 0.5, NaN, Infinity, "soon", null, [], true]) {
        const options = { resultTtl }
        yield* refused("settled", call(first.settleTask, "one", success, options), refusal)
        yield* refused("cancelled", call(first.updateTaskStatus, "one", "cancelled", options), refusal)
        yield* refused("with a result", call(first.storeTaskResult, "one", success, options), refusal)
        yield* refused("recovered", call(first.recoverStuckTasks, 0, options), refusal)
      }
      yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
    }),

    contractCase("changes nothing of a task that is refused", function*({ first }) {
      yield* createIn(first, "one", "working", { ttl: 5_000 })
      const ended = yield* first.settleTask("one", success)
      yield* refused("settled again", first.settleTask("one", success, { resultTtl: 1 }), {
        _tag: "ResultAlreadyStored",
        taskId: "one"
      })
      yield* refused("cancelled", first.updateTaskStatus("one", "cancelled", { resultTtl: 1 }), {
        _tag: "TerminalState",
        taskId: "one",
        status: "completed"
      })
      yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), ended)
    })
  ]
}
