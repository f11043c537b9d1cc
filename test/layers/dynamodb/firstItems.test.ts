/** That items of the versions before, which lack attributes of this one, are read, listed, changed and ended. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describeWithEngine, freshTable } from "./engine.ts"
import { putItem, taskItemOf } from "./items.ts"
import { open } from "./storages.ts"

const seconds = Math.floor(Date.now() / 1000)
const number = (value: number) => ({ N: String(value) })

/** An item as the version before this one put it, attribute by attribute, in a table of four shards. */
const firstItem = {
  pk: { S: "t#one" },
  sk: { S: "task" },
  taskId: { S: "one" },
  sessionId: { S: "s" },
  status: { S: "working" },
  createdAt: number(seconds * 1000),
  lastUpdatedAt: number(seconds * 1000 + 100),
  ttl: number(600_000),
  pollInterval: number(500),
  revision: number(3),
  incarnation: { S: "old" },
  attempt: number(2),
  leaseExpiresAt: number(seconds * 1000 + 60_000),
  partition: { S: "3" },
  session: { S: "s#s" },
  active: { S: "working" },
  expiresAt: number(seconds * 1000 + 600_000),
  createdSecond: number(seconds),
  purgeAt: number(seconds + 600),
  otherBytes: number(80),
  restBytes: number(70),
  w0: { S: "-" },
  w1: { S: "-" },
  w2: { S: "-" },
  w3: { S: "-" },
  originalMethod: { S: `"tools/call"` },
  statusMessage: { S: `"a \\u0000 message"` },
  meta: { S: `{"b":1,"a":2}` },
  originalParams: { S: `{"name":"search"}` },
  inputResponses: { S: `{"j":[2]}` },
  requestState: { S: `"state"` },
  principal: { S: `{"user":"u"}` },
  steps: { S: `{"step":1}` },
  inputKeys: { S: `["j"]` }
}

const oldTable = Effect.gen(function*() {
  const tableName = yield* freshTable
  const storage = yield* open({ tableName, shards: 4 })
  yield* putItem(tableName, firstItem)
  return { storage, tableName }
})

describeWithEngine("an item of the version before", () => {
  it.live("is read and listed, without a name, as that is derived at creation", () =>
    Effect.gen(function*() {
      const { storage } = yield* oldTable
      const record = yield* Effect.fromOption(yield* storage.getTask("one"))
      expect({ ...record }).toMatchObject({
        taskId: "one",
        sessionId: "s",
        statusMessage: "a \u0000 message",
        originalParams: { name: "search" },
        attempt: 2,
        revision: 3,
        steps: { step: 1 }
      })
      for (const field of ["name", "failure", "traceparent", "tracestate"]) expect(record).not.toHaveProperty(field)
      const { tasks } = yield* storage.listTaskSummaries({ sessionId: "s" })
      expect(tasks.map(({ name, taskId }) => [taskId, name])).toEqual([["one", undefined]])
    }))

  it.live("ends with a failure and a new ttl", () =>
    Effect.gen(function*() {
      const { storage, tableName } = yield* oldTable
      const failure = { name: "Error", message: "it broke", stack: "at work" }
      const ended = yield* storage.settleTask("one", { _tag: "Error", code: 1, message: "m" }, {
        failure,
        resultTtl: 7_200_000
      })
      expect(ended.failure).toMatchObject(failure)
      expect(yield* Effect.fromOption(yield* storage.getTask("one"))).toEqual(ended)
      const item = yield* taskItemOf(tableName, "one")
      expect(Number(item?.["purgeAt"]?.N)).toBeGreaterThan(seconds + 7_000)
      expect(Number(item?.["expiresAt"]?.N)).toBe(seconds * 1000 + (ended.ttl ?? 0))
    }))

  it.live("takes a name by a replacement", () =>
    Effect.gen(function*() {
      const { storage } = yield* oldTable
      const record = yield* Effect.fromOption(yield* storage.getTask("one"))
      const named = yield* storage.updateTask({ ...record, name: "search", traceparent: "00-a-b-01" })
      expect(named).toMatchObject({ name: "search", traceparent: "00-a-b-01", revision: 4 })
      expect(yield* Effect.fromOption(yield* storage.getTask("one"))).toEqual(named)
    }))
})
