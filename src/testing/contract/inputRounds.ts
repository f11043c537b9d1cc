/**
 * What `requireInput` and `provideInput` promise.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { maxInputKeys } from "../../domain/task/PartLimits.ts"
import { equal, equalRecord, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, mustGet, terminalStatuses } from "./fixtures.ts"

/**
 * @since 0.1.0
 * @category suite
 */
export const inputRoundsGroup: ContractGroup = {
  subject: "requireInput, provideInput",
  cases: [
    contractCase("asks, collects partial answers, and goes on when all are given", function*({ clock, first, second }) {
      yield* createIn(first, "one", "working", { statusMessage: "kept" })
      yield* clock.advance(1)
      const asked = yield* first.requireInput("one", { b: { ask: 1 }, a: { ask: 2 } }, { requestState: "s1" })
      yield* hasFields("asked", asked, {
        inputRequests: { b: { ask: 1 }, a: { ask: 2 } },
        inputResponses: undefined,
        lastUpdatedAt: clock.currentTimeMillisUnsafe(),
        requestState: "s1",
        revision: 2,
        status: "input_required",
        statusMessage: "kept"
      })
      yield* clock.advance(1)
      const partial = yield* second.provideInput("one", { a: "answer a" })
      yield* equal("complete", partial.complete, false)
      yield* hasFields("partly answered", partial.record, {
        inputRequests: { b: { ask: 1 } },
        inputResponses: { a: "answer a" },
        lastUpdatedAt: clock.currentTimeMillisUnsafe(),
        revision: 3,
        status: "input_required"
      })
      yield* clock.advance(1)
      const last = yield* first.provideInput("one", { b: null })
      yield* equal("complete", last.complete, true)
      yield* hasFields("answered", last.record, {
        inputRequests: undefined,
        inputResponses: { a: "answer a", b: null },
        lastUpdatedAt: clock.currentTimeMillisUnsafe(),
        requestState: "s1",
        revision: 4,
        status: "working"
      })
      yield* equalRecord("as another process reads it", yield* mustGet(second, "one"), last.record)
    }),

    contractCase("adds to what is outstanding, and keeps the request state when none is given", function*({ first }) {
      yield* createIn(first, "one", "working")
      yield* first.requireInput("one", { a: 1 }, { requestState: "s1" })
      const more = yield* first.requireInput("one", { b: 2 })
      yield* hasFields("more", more, { inputRequests: { a: 1, b: 2 }, requestState: "s1", status: "input_required" })
      const other = yield* first.requireInput("one", { c: 3 }, { requestState: "" })
      yield* hasFields("other", other, { inputRequests: { a: 1, b: 2, c: 3 }, requestState: "" })
    }),

    contractCase("refuses a key that was used before, answered or not", function*({ first }) {
      yield* createIn(first, "one", "working")
      yield* first.requireInput("one", { a: 1 })
      yield* refused("outstanding", first.requireInput("one", { b: 1, a: 1 }), {
        _tag: "InputKeyReused",
        taskId: "one",
        key: "a"
      })
      const answered = yield* first.provideInput("one", { a: 1 })
      yield* refused("answered", first.requireInput("one", { a: 1 }), {
        _tag: "InputKeyReused",
        taskId: "one",
        key: "a"
      })
      yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), answered.record)
    }),

    contractCase("remembers keys that the task was created with or a replacement took away", function*({ first }) {
      yield* createIn(first, "one", "input_required", { inputRequests: { a: 1 }, inputResponses: { b: 1 } })
      const { inputRequests: _, inputResponses: __, ...rest } = yield* first.requireInput("one", { c: 1 })
      yield* first.updateTask(rest)
      for (const key of ["a", "b", "c"]) {
        yield* refused(`key ${key}`, first.requireInput("one", { [key]: 1 }), {
          _tag: "InputKeyReused",
          taskId: "one",
          key
        })
      }
      yield* first.requireInput("one", { d: 1 })
    }),

    contractCase(
      "ignores unknown and answered keys, and writes nothing when nothing is accepted",
      function*({ clock, first }) {
        yield* createIn(first, "one", "working")
        yield* first.requireInput("one", { a: 1, b: 2 })
        const partial = yield* first.provideInput("one", { a: "first", unknown: 1 })
        yield* hasFields("accepted", partial.record, { inputRequests: { b: 2 }, inputResponses: { a: "first" } })
        yield* clock.advance(5)
        for (const responses of [{ a: "second" }, { unknown: 2 }, {}]) {
          const ignored = yield* first.provideInput("one", responses)
          yield* equal("complete", ignored.complete, false)
          yield* equalRecord("the answer", ignored.record, partial.record)
        }
        yield* equalRecord("the task", yield* mustGet(first, "one"), partial.record)
      }
    ),

    contractCase("is never complete for a task that asks for nothing", function*({ first }) {
      const created = yield* createIn(first, "one", "working")
      const ignored = yield* first.provideInput("one", { a: 1 })
      yield* equal("complete", ignored.complete, false)
      yield* equalRecord("the answer", ignored.record, created)
    }),

    contractCase("takes answers for a task that went back to working by itself", function*({ first }) {
      yield* createIn(first, "one", "working")
      yield* first.requireInput("one", { a: 1, b: 2 })
      yield* first.updateTaskStatus("one", "working")
      const partial = yield* first.provideInput("one", { a: 1 })
      yield* equal("complete", partial.complete, false)
      yield* hasFields("partly answered", partial.record, { inputRequests: { b: 2 }, status: "working" })
      const last = yield* first.provideInput("one", { b: 1 })
      yield* equal("complete", last.complete, true)
      yield* hasFields("answered", last.record, { inputRequests: undefined, status: "working" })
    }),

    ...terminalStatuses.map((status) =>
      contractCase(`refuses a task that is ${status}, before it looks at keys`, function*({ first }) {
        yield* createIn(first, "one", "working")
        yield* first.requireInput("one", { a: 1 })
        const ended = yield* first.updateTaskStatus("one", status)
        const refusal = { _tag: "TerminalState", taskId: "one", status } as const
        yield* refused("asking", first.requireInput("one", { a: 1 }), refusal)
        yield* refused("answering", first.provideInput("one", { a: 1 }), refusal)
        yield* refused("answering nothing", first.provideInput("one", {}), refusal)
        yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), ended)
      })
    ),

    contractCase("refuses to ask for nothing, and tells that a task is missing", function*({ first }) {
      yield* createIn(first, "one", "working")
      yield* refused("nothing asked", first.requireInput("one", {}), { _tag: "InvalidInput" })
      yield* refused("nothing asked of nobody", first.requireInput("none", {}), { _tag: "InvalidInput" })
      yield* refused("asking", first.requireInput("none", { a: 1 }), { _tag: "TaskNotFound", taskId: "none" })
      yield* refused("answering", first.provideInput("none", { a: 1 }), { _tag: "TaskNotFound", taskId: "none" })
    }),

    contractCase("loses no concurrent answer, and completes for exactly one caller", function*({ first, second }) {
      const keys = Array.from({ length: 8 }, (_, index) => `key-${index}`)
      for (let round = 0; round < 4; round++) {
        const taskId = `task-${round}`
        yield* createIn(first, taskId, "working")
        yield* first.requireInput(taskId, Object.fromEntries(keys.map((key) => [key, round])))
        const answers = yield* Effect.all(
          keys.map((key, index) =>
            (index % 2 === 0 ? first : second).provideInput(taskId, { [key]: `answer to ${key}` })
          ),
          { concurrency: "unbounded" }
        )
        yield* equal("callers that completed", answers.filter(({ complete }) => complete).length, 1)
        const record = yield* mustGet(first, taskId)
        yield* hasFields("the task", record, { inputRequests: undefined, status: "working", revision: 2 + keys.length })
        const collected = Object.entries(record.inputResponses ?? {}).sort(([left], [right]) => left < right ? -1 : 1)
        yield* equal("the answers", collected, keys.map((key) => [key, `answer to ${key}`]))
      }
    }),

    contractCase("gives a key that several answer at once to one of them", function*({ first, second }) {
      yield* createIn(first, "one", "working")
      yield* first.requireInput("one", { a: 1 })
      const answers = yield* Effect.all(
        [first, second, first, second].map((tasks, index) => tasks.provideInput("one", { a: index })),
        { concurrency: "unbounded" }
      )
      const complete = answers.filter((answer) => answer.complete)
      yield* equal("callers that completed", complete.length, 1)
      yield* equalRecord("the task", yield* mustGet(first, "one"), complete[0]?.record)
    }),

    contractCase("remembers every key for life, whatever a replacement leaves out", function*({ first, second }) {
      yield* createIn(first, "one", "working", { inputResponses: { c: 3 } })
      yield* first.requireInput("one", { a: 1 })
      const { record: answered } = yield* second.provideInput("one", { a: 1 })
      const { inputResponses: _, ...bare } = answered
      const asking = yield* first.updateTask({ ...bare, inputRequests: { b: 2 } })
      const { inputRequests: __, ...forgetful } = asking
      yield* second.updateTask(forgetful)
      for (const key of ["a", "b", "c"]) {
        const reused = { _tag: "InputKeyReused", taskId: "one", key } as const
        yield* refused(`key ${key}`, first.requireInput("one", { [key]: 1 }), reused)
      }
    }),

    contractCase("answers no later task of the same id", function*({ first, second }) {
      // A driver that does so is found out in one round of seven.
      for (let round = 0; round < 40; round++) {
        yield* createIn(first, "one", "input_required", { inputRequests: { a: 1 } })
        const replace = Effect.andThen(second.deleteTask("one"), createIn(second, "one", "working"))
        const answer = first.provideInput("one", { a: "answer" }).pipe(
          Effect.catchTag("TaskNotFound", () => Effect.void)
        )
        yield* Effect.all([answer, replace], { concurrency: "unbounded" })
        yield* hasFields("the later task", yield* mustGet(first, "one"), {
          inputRequests: undefined,
          inputResponses: undefined,
          revision: 1
        })
        yield* first.deleteTask("one")
      }
    }),

    contractCase("asks so many questions in the life of a task, and refuses one more", function*({ first, second }) {
      const asks = (from: number, to: number) =>
        Object.fromEntries(Array.from({ length: to - from }, (_, index) => [`key-${from + index}`, "?"]))
      const tooMany = (field: string) => ({ _tag: "InvalidInput", field }) as const
      yield* refused(
        "a new task that asks for more",
        createIn(first, "one", "input_required", { inputRequests: asks(0, maxInputKeys + 1) }),
        tooMany("inputRequests")
      )
      yield* createIn(first, "one", "input_required", { inputRequests: asks(0, maxInputKeys - 1) })
      yield* refused("two more", second.requireInput("one", asks(maxInputKeys, maxInputKeys + 2)), tooMany("requests"))
      yield* first.requireInput("one", { last: "?" })
      yield* second.provideInput("one", { "key-0": "!", last: "!" })
      yield* refused("one more", second.requireInput("one", { more: "?" }), tooMany("requests"))
      const record = yield* mustGet(first, "one")
      yield* equal("what is left", Object.keys(record.inputRequests ?? {}).length, maxInputKeys - 2)
      yield* equal("the answers", record.inputResponses, { "key-0": "!", last: "!" })
      const { inputRequests } = record
      yield* refused(
        "a replacement that asks for more",
        first.updateTask({ ...record, inputRequests: { ...inputRequests, more: "?" } }),
        tooMany("inputRequests")
      )
      yield* equalRecord("the task", yield* mustGet(second, "one"), record)
    }),

    contractCase("lets concurrent requests all be asked, each key once", function*({ first, second }) {
      yield* createIn(first, "one", "working")
      const attempts = yield* Effect.all(
        ["a", "b", "c", "a", "b", "c"].map((key, index) =>
          Effect.exit((index < 3 ? first : second).requireInput("one", { [key]: index }))
        ),
        { concurrency: "unbounded" }
      )
      yield* equal("requests that were asked", attempts.filter((exit) => exit._tag === "Success").length, 3)
      const record = yield* mustGet(first, "one")
      yield* equal("outstanding keys", Object.keys(record.inputRequests ?? {}).sort(), ["a", "b", "c"])
    })
  ]
}
