/**
 * What is promised of the name of a task, and of the trace context of the request that created it.
 *
 * @since 0.2.0
 */
import { equal, equalRecord, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, mustGet, success, tool } from "./fixtures.ts"
import { call } from "./untyped.ts"

const trace = {
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  tracestate: "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
} as const

/** A name has 1 to 255 UTF-16 units, of any content. */
const texts = ["x", "\u0000", "\ud800", "\udc00x", "\u{1f600}", "\"\\\n", "__proto__", "é".repeat(255)]

/**
 * @since 0.2.0
 * @category suite
 */
export const namesGroup: ContractGroup = {
  subject: "names and trace contexts",
  cases: [
    contractCase("takes the name of what is called from its params", function*({ first, second }) {
      for (const [index, name] of texts.entries()) {
        const created = yield* createIn(first, `task-${index}`, "working", { originalParams: { a: 1, name } })
        yield* hasFields("as created", created, { name })
        yield* equalRecord("as another process reads it", yield* mustGet(second, `task-${index}`), created)
      }
      const names = (yield* second.listTaskSummaries()).tasks.map((task) => task.name)
      yield* equal("in summaries", names, texts)
    }),

    contractCase("takes none where there is none", function*({ first }) {
      const inherited: unknown = Object.create({ name: "inherited" })
      const paramsOfNone: ReadonlyArray<unknown> = [
        undefined,
        null,
        "name",
        ["name"],
        {},
        { name: "" },
        { name: "x".repeat(256) },
        { name: 1 },
        { name: { name: "x" } },
        { params: { name: "x" } },
        { Name: "x" }
      ]
      for (const [index, originalParams] of paramsOfNone.entries()) {
        const created = yield* createIn(first, `task-${index}`, "working", { originalParams })
        yield* hasFields(JSON.stringify(originalParams) ?? "none", created, { name: undefined })
      }
      yield* refused("inherited", first.createTask({ ...tool, originalParams: inherited }), {
        _tag: "InvalidInput",
        field: "originalParams"
      })
    }),

    contractCase("takes the name that is given", function*({ first, second }) {
      for (const [index, name] of texts.entries()) {
        const originalParams = { name: "other" }
        const created = yield* createIn(first, `task-${index}`, "working", { name, originalParams })
        yield* hasFields("as created", created, { name, originalParams })
        yield* equalRecord("as another process reads it", yield* mustGet(second, `task-${index}`), created)
      }
      const empty = yield* first.createTask({ ...tool, name: undefined, originalParams: { name: "x" } })
      yield* hasFields("of undefined", empty, { name: "x" })
    }),

    contractCase("keeps the trace context of the request", function*({ first, second }) {
      const created = yield* createIn(first, "one", "working", trace)
      yield* hasFields("as created", created, trace)
      yield* equalRecord("as another process reads it", yield* mustGet(second, "one"), created)
      for (const [index, text] of texts.entries()) {
        const odd = yield* createIn(first, `odd-${index}`, "working", { traceparent: text, tracestate: text })
        yield* hasFields("of any text", odd, { traceparent: text, tracestate: text })
        yield* equalRecord("as another process reads it", yield* mustGet(second, `odd-${index}`), odd)
      }
    }),

    contractCase("keeps both through every write, and lists them", function*({ first, second }) {
      const kept = { ...trace, name: "search" }
      yield* createIn(first, "one", "working", { ...trace, lease: 0, originalParams: { name: "search" } })
      yield* second.claimTask("one", { lease: 60_000 })
      yield* second.storeTaskStep("one", "step", 1)
      yield* second.touchTask("one", { statusMessage: "half way" })
      yield* second.requireInput("one", { a: 1 })
      yield* second.provideInput("one", { a: 1 })
      const settled = yield* second.settleTask("one", success)
      yield* hasFields("settled", settled, kept)
      const [summary] = (yield* first.listTaskSummaries()).tasks
      const { name, traceparent, tracestate } = summary ?? {}
      yield* equal("in a summary", { traceparent, tracestate, name }, kept)
    }),

    contractCase("stays with the task when its params are replaced", function*({ first, second }) {
      const created = yield* createIn(first, "one", "working", { ...trace, originalParams: { name: "first" } })
      const replaced = yield* second.updateTask({ ...created, originalParams: { name: "second" } })
      yield* hasFields("replaced", replaced, { ...trace, name: "first", originalParams: { name: "second" } })
      const { name: _, traceparent: __, ...rest } = replaced
      const without = yield* second.updateTask(rest)
      yield* hasFields("without", without, { name: undefined, traceparent: undefined, tracestate: trace.tracestate })
      yield* equalRecord("as another process reads it", yield* mustGet(first, "one"), without)
    }),

    contractCase("refuses what is no name or no trace context", function*({ first }) {
      const longest = { name: 255, traceparent: 255, tracestate: 1024 } as const
      for (const field of ["name", "traceparent", "tracestate"] as const) {
        for (const bad of ["", "x".repeat(longest[field] + 1), 1, {}, [], true]) {
          yield* refused(field, call(first.createTask, { ...tool, [field]: bad }), { _tag: "InvalidInput", field })
        }
        const good = "x".repeat(longest[field])
        yield* hasFields("the longest", yield* first.createTask({ ...tool, [field]: good }), { [field]: good })
      }
      yield* equal("stored", yield* first.taskCount(), 3)
    })
  ]
}
