/**
 * Values that JSON cannot carry. They are refused rather than changed.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { show } from "../difference.ts"
import { equal, equalRecord, holds, Mismatch, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, mustGet, tool } from "./fixtures.ts"
import { call } from "./untyped.ts"

const cyclic: { self?: unknown } = {}
cyclic.self = cyclic

/** Values that JSON cannot carry. */
const notJson: ReadonlyArray<readonly [name: string, value: unknown]> = [
  ["BigInt", 1n],
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["a function", () => 1],
  ["a symbol", Symbol("s")],
  ["a Date", DateTime.toDateUtc(DateTime.makeUnsafe(0))],
  ["a Map", new Map()],
  ["a Set", new Set()],
  [
    "a class instance",
    new (class Point {
      x = 1
    })()
  ],
  ["a Uint8Array", new Uint8Array(1)],
  ["a Promise", Promise.resolve(1)],
  ["an object with toJSON", { toJSON: () => 1 }],
  ["an array with toJSON", Object.assign([1], { toJSON: () => 1 })],
  ["a cycle", cyclic],
  ["undefined in an array", [undefined]],
  ["a hole in an array", Array.from({ length: 2, 0: 1 })],
  ["a getter that throws", {
    get x(): never {
      throw new Error("secret")
    }
  }],
  [
    "a proxy that throws",
    new Proxy({}, {
      ownKeys: () => {
        throw new Error("secret")
      }
    })
  ]
]

const payloadFields = ["originalParams", "meta", "inputRequests", "inputResponses", "principal"] as const

/**
 * @since 0.1.0
 * @category suite
 */
export const notJsonGroup: ContractGroup = {
  subject: "what JSON cannot carry",
  cases: [
    ...notJson.map(([name, value]) =>
      contractCase(`${name} is refused in every payload`, function*({ first }) {
        const created = yield* createIn(first, "one", "working")
        for (const field of payloadFields) {
          yield* refused(field, call(first.createTask, { ...tool, [field]: { key: value } }), {
            _tag: "InvalidInput",
            field
          })
          const replacement = { ...created, [field]: { key: value } }
          yield* refused(`replaced ${field}`, call(first.updateTask, replacement), { _tag: "InvalidInput", field })
        }
        const steps = { ...created, steps: { key: value } }
        yield* refused("replaced steps", call(first.updateTask, steps), { _tag: "InvalidInput", field: "steps" })
        const step = call(first.storeTaskStep, "one", "key", value)
        yield* refused("a step", step, { _tag: "InvalidInput", field: "value" })
        const refusal = { _tag: "InvalidInput" } as const
        const outcomes = [{ _tag: "Success", value }, { _tag: "Error", code: 1, message: "m", data: { key: value } }]
        for (const outcome of outcomes) {
          yield* refused("settleTask", call(first.settleTask, "one", outcome), refusal)
          yield* refused("storeTaskResult", call(first.storeTaskResult, "one", outcome), refusal)
          yield* refused("createTask", call(first.createTask, { ...tool, result: outcome }), refusal)
        }
        for (const key of ["a", "__proto__"]) {
          const keyed = Object.fromEntries([["good", 1], [key, value]])
          const field = name.endsWith("that throws") ? {} : { field: `requests.${key}` }
          yield* refused("requireInput", call(first.requireInput, "one", keyed), { ...refusal, ...field })
          const answer = name.endsWith("that throws") ? {} : { field: `responses.${key}` }
          yield* refused("provideInput", call(first.provideInput, "one", keyed), { ...refusal, ...answer })
        }
        yield* refused("enqueue", call(first.messages.enqueue, "one", value), refusal)
        yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
        yield* equal("tasks", yield* first.taskCount(), 1)
      })
    ),

    contractCase("the error of a payload tells the place, and that of an answer its key", function*({ first }) {
      yield* createIn(first, "one", "working")
      let nested: unknown = null
      for (let level = 0; level <= 501; level++) nested = [nested]
      const places: ReadonlyArray<
        readonly [attempt: ReturnType<typeof call>, field: string, place: RegExp]
      > = [
        [
          call(first.createTask, { ...tool, originalParams: { list: [0, { bad: 1n }] } }),
          "originalParams",
          /list\[1\]\.bad/
        ],
        [call(first.settleTask, "one", { _tag: "Success", value: { at: [NaN] } }), "outcome", /value\.at\[0\]/],
        [call(first.provideInput, "one", { good: 1, bad: { x: 1n } }), "responses.bad", /\(at x\)/],
        [call(first.provideInput, "one", { bad: nested }), "responses.bad", /500 levels/],
        [call(first.createTask, { ...tool, originalParams: nested }), "originalParams", /500 levels/],
        [call(first.settleTask, "one", { _tag: "Success", value: nested }), "outcome", /500 levels/]
      ]
      for (const [attempt, field, place] of places) {
        yield* refused(field, attempt, { _tag: "InvalidInput", field })
        const message = yield* Effect.match(attempt, { onFailure: (error) => error.message, onSuccess: () => "" })
        yield* holds(`${show(message)} tells ${place}`, place.test(message) && message.length < 500)
      }
    }),

    contractCase("no error shows what a payload holds", function*({ first }) {
      const bad = { secret: "hunter2", value: 1n }
      const { failure } = yield* Effect.flatMap(
        Effect.result(call(first.createTask, { ...tool, originalParams: bad })),
        (result) => result._tag === "Failure" ? Effect.succeed(result) : new Mismatch({ difference: "it was stored" })
      )
      const text = `${failure.message} ${JSON.stringify(failure)}`
      yield* equal("what the error says of it", text.includes("hunter2"), false)
    })
  ]
}
