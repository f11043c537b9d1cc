/** What a runner says of outages. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { TestClock } from "effect/testing"
import { TaskStorageUnavailable } from "../../../src/domain/task/TaskError.ts"
import { Outages } from "../../../src/runner/process/Outages.ts"
import { Takeovers } from "../../../src/runner/process/Takeovers.ts"

it.effect("a call that hung in an outage, and fails after it, is no outage of its own; its retry may be one", () => {
  const logged: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => logged.push(`${logLevel} ${String(message)}`.slice(0, 33)))
  const outages = new Outages(new Takeovers(1_000))
  const error = new TaskStorageUnavailable({ operation: "any", reason: "down", retryable: true, applied: "no" })
  const renewal = {}
  const hung = {}
  return Effect.gen(function*() {
    const before = outages.over
    yield* outages.failed(renewal, error, before)
    assert.isTrue(outages.isDown)
    yield* TestClock.adjust("3 seconds")
    yield* outages.answered(renewal)
    assert.deepStrictEqual(logged.splice(0), [
      "Warn The task storage fails. Task",
      "Info The task storage answers aga"
    ])
    yield* outages.failed(hung, error, before)
    assert.isFalse(outages.isDown)
    assert.deepStrictEqual(logged.splice(0), [])
    yield* outages.failed(hung, error, outages.over)
    assert.isTrue(outages.isDown)
    assert.deepStrictEqual(logged.splice(0), ["Warn The task storage fails. Task"])
  }).pipe(Effect.provide(Logger.layer([logger])))
})
