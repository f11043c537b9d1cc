/** The order of what a subscriber is told, where the acknowledgement takes its time. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { makeTaskSubscriptions } from "../../../src/adapters/effect/TaskSubscriptions.ts"

const acknowledged = "notifications/subscriptions/acknowledged"
const subscriptionId = "io.modelcontextprotocol/subscriptionId"

describe("subscriptions to tasks", () => {
  it.live("hold everything back until the acknowledgement went out", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const send = (_version: string, _client: number, { tag }: { readonly tag: string }) =>
        Effect.delay(Effect.sync(() => void told.push(tag)), tag === acknowledged ? "100 millis" : 0)
      const subscriptions = makeTaskSubscriptions("2026-07-28")
      const serverInfo = { name: "test", version: "1" }
      const context = subscriptions.acknowledging({ sendNotification: send, serverInfo })
      const listen = Effect.gen(function*() {
        yield* Effect.sleep("50 millis")
        const payload = { _meta: { [subscriptionId]: 7 }, notifications: {} }
        yield* context.sendNotification?.("2026-07-28", 1, { tag: acknowledged, payload }) ?? Effect.void
        yield* Effect.sleep("50 millis")
      })
      yield* subscriptions.watching(listen, {
        request: { client: { id: 1 }, requestId: 7 },
        stream: { taskIds: ["a"], run: (notify) => notify({ taskId: "a" }) },
        send
      })
      assert.deepStrictEqual(told, [acknowledged, "notifications/tasks"])
    }))
})
