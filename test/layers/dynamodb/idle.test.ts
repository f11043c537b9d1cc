/** How many requests a process sends while nothing happens. */
import { assert, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { TaskStorage } from "mcp-task-storage"
import { makeTaskRunner } from "mcp-task-storage/runner"
import { setImmediate } from "node:timers/promises"
import { call, tool } from "../../runner/oneTask.ts"
import { describeWithEngine, freshTable } from "./engine.ts"
import { interceptedClient } from "./interceptedClient.ts"
import { openThrough } from "./storages.ts"

/** Turns of the event loop without a request, after which a process is at rest until the clock goes on. */
const quietTurns = 10

/** A client whose requests are counted, and whose engine has the time of the test. */
const countingClient = Effect.gen(function*() {
  const clock = yield* Clock.Clock
  const sent = { count: 0, underWay: 0 }
  const client = yield* interceptedClient(async ({ perform }) => {
    sent.count++
    sent.underWay++
    try {
      return await perform()
    } finally {
      sent.underWay--
    }
  })
  client.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args)
      const { response } = answer
      if (typeof response === "object" && response !== null && "headers" in response) {
        Object.assign(response.headers ?? {}, { date: new Date(clock.currentTimeMillisUnsafe()).toUTCString() })
      }
      return answer
    },
    { step: "deserialize", priority: "low", name: "timeOfTest" }
  )
  const rest = Effect.promise(async () => {
    for (let turns = 0; turns < quietTurns; turns++) {
      const { count } = sent
      await setImmediate()
      if (sent.underWay > 0 || sent.count > count) turns = 0
    }
  })
  return { client, sent, rest }
})

describeWithEngine("a process with a tool, with maintenance, and with all that is on by default", () => {
  it.effect("sends at most two requests a second while nothing happens, however many tasks it runs", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.now())
      const { client, rest, sent } = yield* countingClient
      // As many partitions as a table has by default.
      const storage = yield* openThrough(client, { tableName: yield* freshTable, maintenance: "1 minute" })
      const runner = yield* Effect.provideService(makeTaskRunner({ shutdownTimeout: 0 }), TaskStorage, storage)
      yield* runner.register(tool("job", Effect.never))
      for (let task = 0; task < 20; task++) yield* runner.startTask(call("job"))
      yield* storage.createTask({ ...call("job"), delay: "1 hour" })
      const pass = (seconds: number) =>
        Effect.repeat(Effect.andThen(TestClock.adjust("1 second"), rest), { times: seconds - 1 })
      // At first a process looks at everything once.
      yield* rest
      yield* pass(65)
      assert.strictEqual(yield* runner.running, 20)
      sent.count = 0
      const seconds = 120
      yield* pass(seconds)
      const perSecond = sent.count / seconds
      // Every ten minutes, and not in these, come ten queries of maintenance.
      assert.isAtMost(perSecond + 10 / 600, 2)
      // It has not stood still: it asks for news each second, and looks and renews its lease every ten.
      assert.isAtLeast(perSecond, 1.9)
    }))
})
