/**
 * Keys under which every object inherits something: they are keys like others.
 *
 * @since 0.2.0
 */
import { equal, equalRecord, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, mustGet, tool } from "./fixtures.ts"

const keys = ["constructor", "toString", "hasOwnProperty", "valueOf", "__proto__", "prototype"] as const

/** A map with one key, which an object literal would not have under `__proto__`. */
const map = (key: string, value: unknown): { readonly [key: string]: unknown } => Object.fromEntries([[key, value]])

/**
 * @since 0.2.0
 * @category suite
 */
export const inheritedKeysGroup: ContractGroup = {
  subject: "inherited keys",
  cases: keys.flatMap((key) => [
    contractCase(`a question under ${key} is asked and answered once another was`, function*({ first, second }) {
      yield* createIn(first, "one", "working")
      yield* first.requireInput("one", { first: "asked" })
      const none = yield* second.provideInput("one", map(key, "answer"))
      yield* equal("an answer to nothing completes", none.complete, false)
      yield* hasFields("nothing was asked under the key", none.record, {
        inputRequests: { first: "asked" },
        inputResponses: undefined
      })
      yield* second.provideInput("one", { first: "answer" })
      const asked = yield* first.requireInput("one", map(key, "asked"))
      yield* hasFields("asked", asked, {
        status: "input_required",
        inputRequests: map(key, "asked"),
        inputResponses: { first: "answer" }
      })
      const { complete, record } = yield* second.provideInput("one", map(key, { [key]: "answer" }))
      yield* equal("the answer completes", complete, true)
      yield* hasFields("answered", record, {
        status: "working",
        inputRequests: undefined,
        inputResponses: { first: "answer", ...map(key, { [key]: "answer" }) }
      })
      yield* refused("the key again", first.requireInput("one", map(key, "asked")), { _tag: "InputKeyReused", key })
      yield* equalRecord("as it is read", yield* mustGet(second, "one"), record)
    }),

    contractCase(`a step under ${key} is stored beside others, once`, function*({ first, second }) {
      yield* createIn(first, "one", "working")
      yield* first.storeTaskStep("one", "first", 1)
      const stored = yield* second.storeTaskStep("one", key, "gave")
      yield* hasFields("the task", stored, { steps: { first: 1, ...map(key, "gave") } })
      yield* equalRecord("stored again", yield* first.storeTaskStep("one", key, "other"), stored)
      yield* equalRecord("as it is read", yield* mustGet(second, "one"), stored)
    }),

    contractCase(`tasks of session ${key} take turns, and are counted by it`, function*({ first, second }) {
      for (const taskId of ["one", "two"]) yield* createIn(first, taskId, "working", { lease: 0, sessionId: key })
      const options = { perSession: 2, running: { other: 2 } }
      yield* equal("nothing runs", yield* second.claimableTasks(options), ["one", "two"])
      const running = Object.fromEntries([[key, 1], ["other", 2]])
      yield* equal("one runs", yield* second.claimableTasks({ perSession: 2, running }), ["one"])
      const full = Object.fromEntries([[key, 2]])
      yield* equal("two run", yield* second.claimTasks({ lease: 1, perSession: 2, running: full }), [])
      yield* equal("excepted", yield* second.claimTasks({ lease: 1, exceptSessions: [key] }), [])
      const claimed = yield* second.claimTasks({ ...options, lease: 1_000 })
      yield* equal("claimed", claimed.map(({ record }) => record.taskId), ["one", "two"])
    }),

    contractCase(`kinds and workers named ${key} are like others`, function*({ first, second }) {
      yield* createIn(first, "one", "working", { lease: 0, originalMethod: key, name: key })
      yield* createIn(first, "two", "working", { lease: 0 })
      yield* equal("claimable", yield* second.claimableTasks({ kinds: [{ method: key, name: key }] }), ["one"])
      const { abandoned, record } = yield* first.claimTask("one", { worker: key })
      yield* equal("abandoned", abandoned, false)
      yield* hasFields("claimed", record, { worker: key })
      yield* refused("a renewal", second.renewWorker(key, { lease: 1 }), { _tag: "WorkerLost", workerId: key })
      yield* equal("tasks of the worker", yield* second.claimableTasks({ kinds: [{ method: key }] }), [])
    }),

    contractCase(`payloads under ${key} come back as they were given`, function*({ first, second }) {
      const value = map(key, [map(key, null)])
      const created = yield* first.createTask({
        ...tool,
        taskId: "one",
        originalParams: value,
        meta: value,
        principal: value,
        inputRequests: value,
        status: "input_required"
      })
      yield* hasFields("created", created, {
        originalParams: value,
        meta: value,
        principal: value,
        inputRequests: value
      })
      yield* equalRecord("as it is read", yield* mustGet(second, "one"), created)
      yield* refused("the key again", first.requireInput("one", value), { _tag: "InputKeyReused", key })
      const replaced = yield* second.updateTask(created)
      yield* hasFields("replaced", replaced, { meta: value, inputRequests: value })
      const settled = yield* second.settleTask("one", { _tag: "Success", value })
      yield* hasFields("settled", settled, { result: { _tag: "Success", value } })
      yield* first.messages.enqueue("one", value)
      yield* equal("messages", yield* second.messages.dequeueAll("one"), [value])
    })
  ])
}
