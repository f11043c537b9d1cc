/**
 * What `storeTaskStep` promises.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { maxSteps } from "../../domain/task/PartLimits.ts"
import { equal, equalRecord, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, mustGet, success, terminalStatuses } from "./fixtures.ts"
import { call } from "./untyped.ts"

/**
 * @since 0.2.0
 * @category suite
 */
export const stepsGroup: ContractGroup = {
  subject: "storeTaskStep",
  cases: [
    contractCase("stores what a step gave, beside the others and nothing else", function*({ clock, first, second }) {
      const created = yield* createIn(first, "one", "working", { lease: 1_000, meta: { m: 1 }, statusMessage: "kept" })
      yield* hasFields("created", created, { steps: undefined })
      yield* clock.advance(3)
      yield* first.storeTaskStep("one", "b", { found: [1] }, { attempt: 1 })
      const stored = yield* second.storeTaskStep("one", "a", null)
      yield* hasFields("the task", stored, {
        attempt: 1,
        lastUpdatedAt: clock.currentTimeMillisUnsafe(),
        meta: { m: 1 },
        revision: 3,
        status: "working",
        statusMessage: "kept",
        steps: { b: { found: [1] }, a: null }
      })
      yield* equalRecord("as another process reads it", yield* mustGet(first, "one"), stored)
    }),

    contractCase("begins with steps that were done before the task was stored", function*({ first, second }) {
      const before = { b: { found: [1] }, constructor: null }
      const created = yield* createIn(first, "one", "working", { steps: before })
      yield* hasFields("created", created, { revision: 1, steps: before })
      yield* equalRecord("as another process reads it", yield* mustGet(second, "one"), created)
      const again = yield* second.storeTaskStep("one", "b", "again")
      yield* hasFields("a step of those", again, { revision: 1, steps: before })
      const more = yield* second.storeTaskStep("one", "c", 1)
      yield* hasFields("a step more", more, { revision: 2, steps: { ...before, c: 1 } })
      const steps = Object.fromEntries(Array.from({ length: maxSteps + 1 }, (_, index) => [`step-${index}`, index]))
      for (const wrong of [steps, { a: NaN }, [1], "steps", null]) {
        yield* refused("wrong steps", call(first.createTask, { originalMethod: "tools/call", steps: wrong }), {
          _tag: "InvalidInput"
        })
      }
    }),

    contractCase("keeps what is stored under a key, and writes nothing then", function*({ clock, first, second }) {
      yield* createIn(first, "one", "working")
      const stored = yield* first.storeTaskStep("one", "step", "first")
      yield* clock.advance(5)
      for (const value of ["second", "first", null]) {
        yield* equalRecord("the answer", yield* second.storeTaskStep("one", "step", value), stored)
      }
      yield* equalRecord("the task", yield* mustGet(first, "one"), stored)
    }),

    contractCase("keeps so many steps, and refuses one more", function*({ first, second }) {
      const created = yield* createIn(first, "one", "working")
      const steps = Object.fromEntries(Array.from({ length: maxSteps }, (_, index) => [`step-${index}`, index]))
      yield* refused("a record of more", first.updateTask({ ...created, steps: { ...steps, more: 1 } }), {
        _tag: "InvalidInput",
        field: "steps"
      })
      const full = yield* first.updateTask({ ...created, steps })
      yield* refused("one more", second.storeTaskStep("one", "more", 1), { _tag: "InvalidInput", field: "key" })
      yield* equalRecord("one of them", yield* second.storeTaskStep("one", "step-7", "again"), full)
      yield* equalRecord("the task", yield* mustGet(first, "one"), full)
    }),

    contractCase("keeps steps over claims, rounds of input, replacements and the end", function*({
      clock,
      first,
      second
    }) {
      yield* createIn(first, "one", "working", { lease: 10 })
      yield* first.storeTaskStep("one", "a", 1, { attempt: 1 })
      yield* clock.advance(10)
      const { record } = yield* second.claimTask("one", { lease: 10 })
      yield* hasFields("claimed", record, { attempt: 2, steps: { a: 1 } })
      yield* second.storeTaskStep("one", "b", 2, { attempt: 2 })
      yield* second.requireInput("one", { key: 1 })
      yield* first.provideInput("one", { key: 1 })
      yield* second.touchTask("one", { statusMessage: "here" })
      yield* second.updateTask(yield* mustGet(second, "one"))
      const settled = yield* second.settleTask("one", success, { attempt: 2 })
      yield* hasFields("settled", settled, { attempt: 2, steps: { a: 1, b: 2 } })
      yield* equalRecord("as another process reads it", yield* mustGet(first, "one"), settled)
    }),

    contractCase("takes a step of a task that waits for input", function*({ first }) {
      yield* createIn(first, "one", "input_required")
      yield* hasFields("the task", yield* first.storeTaskStep("one", "a", 1), {
        status: "input_required",
        steps: { a: 1 }
      })
    }),

    ...terminalStatuses.map((status) =>
      contractCase(`refuses a task that is ${status}`, function*({ first }) {
        yield* createIn(first, "one", "working")
        yield* first.storeTaskStep("one", "a", 1)
        const ended = yield* first.updateTaskStatus("one", status)
        for (const key of ["a", "b"]) {
          yield* refused(`step ${key}`, first.storeTaskStep("one", key, 1), {
            _tag: "TerminalState",
            taskId: "one",
            status
          })
        }
        yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), ended)
      })
    ),

    contractCase("tells that a task is missing", function*({ clock, first }) {
      yield* createIn(first, "expired", "working", { ttl: 10 })
      yield* clock.advance(10)
      for (const taskId of ["none", "expired"]) {
        yield* refused(taskId, first.storeTaskStep(taskId, "a", 1), { _tag: "TaskNotFound", taskId })
      }
    }),

    contractCase("shows neither steps nor the principal in a summary", function*({ first }) {
      yield* createIn(first, "one", "working", { principal: { user: "u" } })
      const { principal: _, steps: __, ...summary } = yield* first.storeTaskStep("one", "a", 1)
      yield* equal("the summary", { ...Option.getOrUndefined(yield* first.getTaskSummary("one")) }, { ...summary })
      const [listed] = (yield* first.listTaskSummaries()).tasks
      yield* equal("the listed summary", { ...listed }, { ...summary })
    }),

    contractCase("loses no concurrent step, and stores one value under each key", function*({ first, second }) {
      yield* createIn(first, "one", "working")
      const keys = ["a", "b", "c", "a", "b", "c", "d"]
      const answers = yield* Effect.all(
        keys.map((key, index) => (index % 2 === 0 ? first : second).storeTaskStep("one", key, index)),
        { concurrency: "unbounded" }
      )
      const { revision, steps = {} } = yield* mustGet(first, "one")
      yield* equal("the keys", Object.keys(steps).toSorted(), ["a", "b", "c", "d"])
      yield* equal("the writes", revision, 5)
      for (const [index, key] of keys.entries()) {
        yield* equal(`step ${key} as it was answered`, answers[index]?.steps?.[key], steps[key])
      }
    })
  ]
}
