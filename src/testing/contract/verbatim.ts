/**
 * What comes back exactly as it was given: payloads, word for word, in both directions without shared references.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Sizing } from "../../domain/task/StoredTask.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { equal, equalRecord, hasFields, refused } from "./check.ts"
import { type ContractCase, contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, mustGet, tool } from "./fixtures.ts"

/** Nests arrays so many levels deep. */
const nested = (levels: number): unknown => {
  let value: unknown = "bottom"
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

const parsed = (json: string): unknown => JSON.parse(json)

/** Text that engines and drivers like to change. */
const texts: ReadonlyArray<string> = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "x\udfff\ud800y",
  "\u{1f600}\u{10ffff}",
  "e\u0301 \u00e9 \ufb01",
  "\ufeff\u200b\u2028\u2029\u0085\u007f",
  "\"'`\\/\b\f\n\r\t\u001f",
  "\\u0000 \\ud800 %00 $1 ? :a {} ';--",
  "null",
  "1e400",
  "2026-01-02T03:04:05.678Z"
]

const values: ReadonlyArray<readonly [name: string, value: unknown]> = [
  ["texts", [...texts]],
  ["numbers", [0, 1, -1, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 2 ** 53, -(2 ** 63), 123456789012345680000]],
  ["constants", [null, true, false, {}, [], [[]], [null], { a: null }]],
  ["the order of keys", { z: 1, a: { y: 1, b: 2 }, m: [{ d: 1, c: 2 }] }],
  ["keys that look like numbers", parsed(`{"10":1,"9":2,"01":3,"-1":4,"1.0":5,"1e3":6}`)],
  ["keys of prototypes", parsed(`{"__proto__":{"x":1},"constructor":1,"toString":null,"hasOwnProperty":[]}`)],
  ["awkward keys", Object.fromEntries(texts.map((text, index) => [text, index]))],
  ["keys with escapes, side by side", [{ a: 0, "\\": 1 }, { a: 0, "é": 1 }, { a: 0, "\"": 1 }, { a: 0, "\n": 1 }]],
  ["keys that differ by little", { a: 1, A: 2, "a ": 3, "á": 4, "a\u0301": 5, $a: 6, "a.b": 7, "a[0]": 8 }],
  ["words of other formats", { $ref: "#", $type: "x", S: "dynamo", _tag: "Error", code: "x", isError: "true" }],
  ["depth", nested(499)],
  ["an empty string", ""],
  ["a number", 42],
  ["false", false]
]

const keeps = (name: string, valueFor: (payloadBytes: Sizing) => unknown): ContractCase =>
  contractCase(`keeps ${name} in every payload`, function*({ first, payloadBytes, second }) {
    const value = valueFor(payloadBytes)
    const created = yield* first.createTask({
      ...tool,
      inputRequests: { key: value },
      inputResponses: { other: value },
      meta: { key: value },
      originalParams: value,
      principal: value,
      status: "input_required",
      taskId: "one"
    })
    yield* hasFields("as created", created, {
      inputRequests: { key: value },
      inputResponses: { other: value },
      meta: { key: value },
      originalParams: value,
      principal: value
    })
    yield* equalRecord("as another process reads it", yield* mustGet(second, "one"), created)
    const { record } = yield* second.provideInput("one", { key: value })
    yield* hasFields("answered", record, { inputResponses: { other: value, key: value } })
    const asked = yield* second.requireInput("one", { again: value })
    yield* hasFields("asked", asked, { inputRequests: { again: value } })
    const stepped = yield* first.storeTaskStep("one", "step", value)
    yield* hasFields("with a step", stepped, { steps: { step: value } })
    const replaced = yield* first.updateTask(yield* mustGet(second, "one"))
    yield* hasFields("replaced", replaced, {
      meta: { key: value },
      originalParams: value,
      principal: value,
      steps: { step: value }
    })
    const success = { _tag: "Success", value } as const
    yield* hasFields("settled", yield* second.settleTask("one", success), { result: success })
    yield* equal("the result", Option.getOrUndefined(yield* first.getTaskResult("one")), success)
    const failure = { _tag: "Error", code: -1, message: "m", data: value } as const
    yield* createIn(first, "two", "failed")
    yield* second.storeTaskResult("two", failure)
    yield* equal("an error", Option.getOrUndefined(yield* first.getTaskResult("two")), failure)
    const [listed] = (yield* second.listTasks()).tasks
    yield* equalRecord("as it is listed", listed, yield* mustGet(first, "one"))
    for (const taskId of ["one", "two"]) {
      const whole = yield* mustGet(first, taskId)
      yield* second.deleteTask(taskId)
      yield* second.importTask(whole)
      yield* equalRecord("taken over", yield* mustGet(first, taskId), whole)
    }
    yield* first.messages.enqueue("one", value)
    yield* equal("a message", Option.getOrUndefined(yield* second.messages.dequeue("one")), value)
  })

/** Seven of them take almost all that the smallest backend has room for. */
const large = "\u0000\ud800é".repeat(4_000)
const largeBytes = 72_000

const payloads: ReadonlyArray<ContractCase> = [
  ...values.map(([name, value]) => keeps(name, () => value)),
  keeps("size", (payloadBytes) => large.slice(0, large.length * largeBytes / payloadBytes(largeBytes)))
]

const change = (record: TaskRecord): void => {
  for (
    const field of [
      record.meta,
      record.originalParams,
      record.inputRequests,
      record.inputResponses,
      record.principal,
      record.steps,
      record.result
    ]
  ) {
    if (typeof field === "object" && field !== null) {
      for (const key of Object.keys(field)) Reflect.set(field, key, "changed")
      Reflect.set(field, "added", "changed")
    }
  }
  for (const key of Object.keys(record)) Reflect.set(record, key, "changed")
}

/**
 * @since 0.1.0
 * @category suite
 */
export const verbatimGroup: ContractGroup = {
  subject: "payloads",
  cases: [
    ...payloads,

    contractCase("keeps any text in methods, messages and request states", function*({ first, second }) {
      for (const [index, text] of texts.entries()) {
        const taskId = `task-${index}`
        const created = yield* first.createTask({
          originalMethod: text,
          requestState: text,
          statusMessage: text,
          taskId
        })
        yield* hasFields("created", created, { originalMethod: text, requestState: text, statusMessage: text })
        yield* equalRecord("as another process reads it", yield* mustGet(second, taskId), created)
        yield* first.touchTask(taskId, { statusMessage: null })
        const touched = yield* second.touchTask(taskId, { statusMessage: text })
        yield* hasFields("touched", touched, { statusMessage: text })
        const asked = yield* second.requireInput(taskId, { [text]: text }, { requestState: text })
        yield* hasFields("asked", asked, { inputRequests: { [text]: text }, requestState: text })
        const failed = yield* second.settleTask(taskId, { _tag: "Error", code: 1, message: text }, {
          statusMessage: text
        })
        yield* hasFields("failed", failed, { result: { _tag: "Error", code: 1, message: text }, statusMessage: text })
        yield* equalRecord("as it is read", yield* mustGet(first, taskId), failed)
        const { tasks } = yield* first.listTaskSummaries()
        const summary = tasks.find((task) => task.taskId === taskId)
        yield* equal("the summary", [summary?.originalMethod, summary?.statusMessage], [text, text])
      }
    }),

    contractCase("takes keys of steps of any well-formed text, up to 255 units", function*({ first, second }) {
      const keys = ["__proto__", "constructor", " ", "\"", "\\", "10", "9", "a.b", "\u{1f600}", "x".repeat(255)]
      yield* createIn(first, "one", "working")
      for (const [index, key] of keys.entries()) {
        const answered = yield* (index % 2 === 0 ? first : second).storeTaskStep("one", key, index)
        yield* equal(key, Object.entries(answered.steps ?? {}).find(([name]) => name === key), [key, index])
      }
      const { steps = {} } = yield* mustGet(first, "one")
      yield* equal("all", Object.keys(steps).toSorted(), keys.toSorted())
    }),

    contractCase("tells a principal that is null from none", function*({ first, second }) {
      yield* hasFields("null", yield* createIn(first, "null", "working", { principal: null }), { principal: null })
      yield* hasFields("as another process reads it", yield* mustGet(second, "null"), { principal: null })
      yield* hasFields("none", yield* createIn(first, "none", "working"), { principal: undefined })
    }),

    contractCase("takes ids of any well-formed text, up to 255 units", function*({ first, second }) {
      for (
        const id of [" ", "'", "\"", "\\", "%_", "\u00a0", "\u{1f600}", "\ufffe", "é", "x".repeat(255), "é".repeat(255)]
      ) {
        yield* createIn(first, id, "working", { sessionId: id })
        yield* hasFields("by id", yield* mustGet(second, id), { sessionId: id, taskId: id })
        yield* equal("by session", (yield* second.listTasksForSession(id)).tasks.length, 1)
      }
    }),

    contractCase("makes -0 a 0, as JSON does", function*({ first }) {
      const created = yield* first.createTask({ ...tool, originalParams: [-0], meta: { zero: -0 }, taskId: "one" })
      yield* hasFields("the task", created, { meta: { zero: 0 }, originalParams: [0] })
      yield* hasFields("the task", yield* mustGet(first, "one"), { meta: { zero: 0 }, originalParams: [0] })
    }),

    contractCase("counts a property that is undefined as absent", function*({ first }) {
      const created = yield* first.createTask({
        ...tool,
        meta: { a: undefined, b: 1 },
        originalParams: { a: undefined },
        result: { _tag: "Error", code: 1, message: "m", data: undefined }
      })
      yield* hasFields("the task", created, {
        meta: { b: 1 },
        originalParams: {},
        result: { _tag: "Error", code: 1, message: "m" }
      })
    }),

    contractCase("stores 500 levels of nesting and refuses 501", function*({ first }) {
      const deepest = nested(500)
      const created = yield* first.createTask({ ...tool, originalParams: deepest, taskId: "one" })
      yield* hasFields("the deepest", created, { originalParams: deepest })
      const stepped = yield* first.storeTaskStep("one", "step", deepest)
      yield* hasFields("the deepest step", stepped, { steps: { step: deepest } })
      yield* hasFields("replaced by itself", yield* first.updateTask(stepped), { steps: { step: deepest } })
      yield* refused("a step", first.storeTaskStep("one", "other", nested(501)), {
        _tag: "InvalidInput",
        field: "value"
      })
      yield* hasFields("the deepest", yield* mustGet(first, "one"), { originalParams: deepest })
      yield* first.messages.enqueue("one", deepest)
      const outcome = { _tag: "Success", value: deepest } as const
      yield* hasFields("the deepest outcome", yield* first.storeTaskResult("one", outcome), { result: outcome })
      const over = nested(501)
      yield* refused("params", first.createTask({ ...tool, originalParams: over }), {
        _tag: "InvalidInput",
        field: "originalParams"
      })
      yield* createIn(first, "two", "working")
      yield* refused("an outcome", first.settleTask("two", { _tag: "Success", value: over }), { _tag: "InvalidInput" })
      yield* refused("a message", first.messages.enqueue("one", over), { _tag: "InvalidInput" })
      yield* refused("far deeper", first.createTask({ ...tool, meta: { a: nested(100_000) } }), {
        _tag: "InvalidInput",
        field: "meta"
      })
    }),

    contractCase("does not change with what the caller does to the arguments", function*({ first }) {
      const payload = { list: [1], text: "as given" }
      const expected = { list: [1], text: "as given" }
      const outcome = { _tag: "Success", value: payload } as const
      yield* first.createTask({
        ...tool,
        inputRequests: { a: payload },
        inputResponses: { b: payload },
        meta: payload,
        originalParams: payload,
        principal: payload,
        taskId: "one"
      })
      yield* first.storeTaskStep("one", "step", payload)
      yield* first.requireInput("one", { c: payload })
      yield* first.provideInput("one", { a: payload })
      yield* first.storeTaskResult("one", outcome)
      yield* first.messages.enqueue("one", payload)
      payload.list.push(2)
      payload.text = "changed"
      yield* hasFields("the task", yield* mustGet(first, "one"), {
        inputRequests: { c: expected },
        inputResponses: { b: expected, a: expected },
        meta: expected,
        originalParams: expected,
        principal: expected,
        result: { _tag: "Success", value: expected },
        steps: { step: expected }
      })
      yield* equal("the message", Option.getOrUndefined(yield* first.messages.dequeue("one")), expected)
    }),

    contractCase("does not change with what the caller does to the answers", function*({ first, second }) {
      const payload = { a: { deep: 1 } }
      yield* createIn(first, "one", "input_required", {
        inputRequests: payload,
        inputResponses: { b: 1 },
        meta: payload,
        originalParams: payload,
        principal: payload,
        result: { _tag: "Success", value: payload }
      })
      yield* first.storeTaskStep("one", "step", payload)
      const expected = yield* mustGet(second, "one")
      const answers = [
        mustGet(first, "one"),
        Effect.map(first.listTasks(), ({ tasks }) => tasks[0] ?? expected),
        Effect.map(first.provideInput("one", {}), ({ record }) => record)
      ]
      for (const answer of answers) {
        change(yield* answer)
        yield* equalRecord("the task", yield* mustGet(first, "one"), expected)
      }
      change(yield* first.touchTask("one"))
      yield* hasFields("the task", yield* mustGet(first, "one"), {
        inputRequests: payload,
        meta: payload,
        originalParams: payload,
        principal: payload,
        revision: 3,
        steps: { step: payload },
        taskId: "one"
      })
    })
  ]
}
