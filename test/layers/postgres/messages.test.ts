/** That messages which several processes send and take at once are neither too many nor taken twice. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import { text } from "../storedTask.ts"
import { atOnce, numbers, openTwo } from "./together.ts"

describe("messages", () => {
  const push = (driver: TaskDriver, body: string, maxSize?: number) =>
    driver.messages.push({ queue: "q", body: text(body), expiresAt: 9000, maxSize, now: 1000 })

  it.live("are never more than may wait", () =>
    Effect.gen(function*() {
      const { driverOf, first } = yield* openTwo()
      const results = yield* atOnce(numbers(60).map((index) => push(driverOf(index), `${index}`, 25)))
      assert.lengthOf(results.filter(({ _tag }) => _tag === "Pushed"), 25)
      for (const result of results) if (result._tag === "Full") assert.strictEqual(result.size, 25)
      assert.lengthOf(yield* first.messages.drain("q", 1000), 25)
    }))

  it.live("are found by as many takers as there are messages", () =>
    Effect.gen(function*() {
      const { driverOf, first } = yield* openTwo()
      for (let round = 0; round < 5; round++) {
        for (const index of numbers(20)) yield* push(first, `${index}`)
        const taken = yield* atOnce(numbers(20).map((index) => driverOf(index).messages.shift("q", 1000)))
        assert.sameMembers(taken.map((body) => body?.text), numbers(20).map((index) => `"${index}"`))
      }
    }))

  it.live("are each given to one taker, in the order of who sent them", () =>
    Effect.gen(function*() {
      const { driverOf } = yield* openTwo()
      const producers = 4
      const each = 40
      const taken: Array<Array<string>> = []
      const produce = (producer: number) =>
        Effect.forEach(numbers(each), (count) =>
          push(driverOf(producer), `${producer}:${count}`, count % 2 === 0 ? 10_000 : undefined))
      const consume = (consumer: number) =>
        Effect.gen(function*() {
          const { messages } = driverOf(consumer)
          const own: Array<string> = []
          taken.push(own)
          while (taken.flat().length < producers * each) {
            const bodies = consumer === 0
              ? yield* messages.drain("q", 1000)
              : [yield* messages.shift("q", 1000)].filter((body) =>
                body !== undefined
              )
            own.push(...bodies.map((body) => String(JSON.parse(body.text))))
            if (bodies.length === 0) yield* Effect.sleep(1)
          }
        })
      yield* Effect.timeout(
        Effect.all([atOnce(numbers(producers).map(produce)), atOnce(numbers(5).map(consume))], { concurrency: 2 }),
        "60 seconds"
      )
      const all = taken.flat()
      assert.strictEqual(new Set(all).size, producers * each)
      assert.lengthOf(all, producers * each)
      for (const own of taken) {
        for (const producer of numbers(producers)) {
          const counts = own.flatMap((body) => body.startsWith(`${producer}:`) ? [Number(body.split(":")[1])] : [])
          assert.deepStrictEqual(counts, counts.toSorted((left, right) => left - right))
        }
      }
    }))
})
